#include "client/sync/cache.h"

#include <fmt/format.h>

#include <limits>
#include <string_view>
#include <utility>

#include "crypto/primitives/aead.h"

namespace labyrinth::client {
namespace {

// "LbCH": of this program's caches, so that no other database is taken for one.
constexpr int64_t kApplicationId = 0x4c624348;

constexpr char kSchema[] =
    "CREATE TABLE state("
    "  id INTEGER PRIMARY KEY CHECK (id = 1), mailbox_id BLOB NOT NULL, phase INTEGER NOT NULL,"
    "  cursor_generation INTEGER NOT NULL, cursor_revision INTEGER NOT NULL,"
    "  as_of_generation INTEGER NOT NULL, as_of_revision INTEGER NOT NULL,"
    "  resume_token BLOB NOT NULL, round INTEGER NOT NULL, seen_ms INTEGER NOT NULL);"
    "CREATE TABLE messages("
    "  id INTEGER PRIMARY KEY, message_id BLOB NOT NULL UNIQUE, thread_id BLOB NOT NULL,"
    "  timestamp_ms INTEGER NOT NULL, place_revision INTEGER NOT NULL, place_index INTEGER NOT NULL,"
    "  expire_ms INTEGER NOT NULL, epoch_id INTEGER NOT NULL, cipher_version INTEGER NOT NULL,"
    "  revision INTEGER NOT NULL, writer BLOB NOT NULL, change_number INTEGER NOT NULL, content BLOB NOT NULL,"
    "  slot INTEGER NOT NULL, round INTEGER NOT NULL, lacking INTEGER NOT NULL);"
    "CREATE INDEX by_thread ON messages(thread_id, timestamp_ms, place_revision, place_index);"
    "CREATE INDEX by_expiry ON messages(expire_ms) WHERE expire_ms > 0;"
    "CREATE INDEX by_round ON messages(round);"
    "CREATE INDEX by_lacking ON messages(lacking) WHERE lacking > 0;"
    "CREATE TABLE refused("
    "  message_id BLOB PRIMARY KEY, thread_id BLOB NOT NULL, kind INTEGER NOT NULL, round INTEGER NOT NULL)"
    "  WITHOUT ROWID;";

#define LABYRINTH_ROW                                                                                                \
  "message_id, thread_id, timestamp_ms, place_revision, place_index, expire_ms, epoch_id, cipher_version, revision," \
  " writer, change_number, content, slot, round, lacking"

int64_t Signed(uint64_t value) { return static_cast<int64_t>(value); }
uint64_t Unsigned(int64_t value) { return static_cast<uint64_t>(value); }

// Each key seals once.
constexpr char kNonce[12] = {};
constexpr std::string_view kOnce(kNonce, sizeof(kNonce));

absl::StatusOr<int64_t> Pragma(Database& database, const char* sql) {
  Query query(database, sql);
  const int64_t value = query.Next() ? query.IntAt(0) : 0;
  if (absl::Status s = query.status(); !s.ok()) return s;
  return value;
}

std::string KeysOf(const std::string& path) { return path + "-keys"; }

}  // namespace

absl::StatusOr<std::unique_ptr<Cache>> Cache::Open(const std::string& path, const MailboxId& mailbox_id,
                                                   RandomSource& random) {
  auto database = Database::Open(path);
  if (!database.ok()) return database.status();
  auto keys = KeySlots::Open(KeysOf(path), random);
  if (!keys.ok()) return keys.status();
  std::unique_ptr<Cache> cache(new Cache(*std::move(database), *std::move(keys)));
  if (absl::Status s = cache->Prepare(mailbox_id); !s.ok()) return s;
  return cache;
}

absl::Status Cache::Erase(const std::string& path) {
  if (absl::Status s = KeySlots::Erase(KeysOf(path)); !s.ok()) return s;
  return Database::Erase(path);
}

// A row without a writer has no envelope.
absl::StatusOr<CacheRow> Cache::RowAt(const Query& query) const {
  RowClaims claims{.thread_id = query.BlobAt(1),
                   .message_id = query.BlobAt(0),
                   .timestamp_ms = query.IntAt(2),
                   .expire_ms = query.IntAt(5),
                   .epoch_id = EpochId(Unsigned(query.IntAt(6))),
                   .cipher_version = static_cast<uint32_t>(query.IntAt(7)),
                   .revision = Unsigned(query.IntAt(8))};
  const auto key = keys_->Get(query.IntAt(12));
  if (!key.ok()) return key.status();
  const auto content = crypto::AesGcmOpen(*key, kOnce, claims.message_id, query.BlobAt(11));
  if (!content.ok()) return absl::DataLossError("local history: a row is damaged: rebuild it from the server");
  HistoryMessage::Body body = ForeignBody{std::string(content->RevealSecret())};
  if (const auto writer = crypto::PublicKey::From(query.BlobAt(9))) {
    body = VerifiedBody{
        .content = std::string(content->RevealSecret()), .writer = *writer, .change_number = Unsigned(query.IntAt(10))};
  }
  return CacheRow{.message = HistoryMessage(std::move(claims), std::move(body)),
                  .place = {query.IntAt(2), query.IntAt(3), query.IntAt(4)},
                  .round = query.IntAt(13),
                  .lacking = static_cast<Lacking>(query.IntAt(14))};
}

absl::StatusOr<std::vector<CacheRow>> Cache::RowsOf(Query& query) const {
  std::vector<CacheRow> rows;
  while (query.Next()) {
    auto row = RowAt(query);
    if (!row.ok()) return row.status();
    rows.push_back(*std::move(row));
  }
  if (absl::Status s = query.status(); !s.ok()) return s;
  return rows;
}

absl::Status Cache::Commit(Transaction& transaction) {
  if (absl::Status s = keys_->Flush(); !s.ok()) return s;
  if (absl::Status s = transaction.Commit(); !s.ok()) return s;
  to_wipe_.insert(to_wipe_.end(), dropped_.begin(), dropped_.end());
  added_.clear();
  dropped_.clear();
  return absl::OkStatus();
}

void Cache::RolledBack(const CacheState& state) {
  state_ = state;
  to_wipe_.insert(to_wipe_.end(), added_.begin(), added_.end());
  added_.clear();
  dropped_.clear();
}

absl::Status Cache::WipeRemoved() {
  if (to_wipe_.empty()) return absl::OkStatus();
  // The commit has to be durable first: a machine that loses power must not come up with rows whose keys are gone.
  if (absl::Status s = database_->Scrub(); !s.ok()) return s;
  if (absl::Status s = keys_->Wipe(to_wipe_); !s.ok()) return s;
  to_wipe_.clear();
  return absl::OkStatus();
}

absl::Status Cache::LoadKeys() {
  std::vector<int64_t> named;
  Query query(*database_, "SELECT slot FROM messages ORDER BY slot");
  while (query.Next()) named.push_back(query.IntAt(0));
  if (absl::Status s = query.status(); !s.ok()) return s;
  return keys_->Begin(named);
}

absl::Status Cache::Prepare(const MailboxId& mailbox_id) {
  const auto tables = Pragma(*database_, "SELECT count(*) FROM sqlite_schema");
  if (!tables.ok()) return tables.status();
  const auto application = Pragma(*database_, "PRAGMA application_id");
  const auto format = Pragma(*database_, "PRAGMA user_version");
  if (!application.ok()) return application.status();
  if (!format.ok()) return format.status();
  if (*tables == 0) {
    Transaction transaction(*database_);
    if (absl::Status s = transaction.Begin(); !s.ok()) return s;
    const std::string marks =
        fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {};", kApplicationId, kFormat);
    if (absl::Status s = database_->Execute(kSchema); !s.ok()) return s;
    if (absl::Status s = database_->Execute(marks.c_str()); !s.ok()) return s;
    Query first(*database_, "INSERT INTO state VALUES (1, ?, 0, 0, 0, 0, 0, x'', 0, 0)");
    if (absl::Status s = first.Blob(mailbox_id.view()).Run(); !s.ok()) return s;
    if (absl::Status s = transaction.Commit(); !s.ok()) return s;
  } else if (*application != kApplicationId) {
    return absl::DataLossError("local history: its file is another program's: rebuild it from the server");
  } else if (*format != kFormat) {
    return absl::FailedPreconditionError(fmt::format(
        "local history: written by another version of this program (format {}, this one knows {}): rebuild it", *format,
        kFormat));
  }
  Query owner(*database_, "SELECT mailbox_id FROM state");
  if (!owner.Next()) return absl::DataLossError("local history: its file is damaged: rebuild it from the server");
  if (owner.BlobAt(0) != mailbox_id.view()) {
    return absl::FailedPreconditionError("local history: of another mailbox: rebuild it");
  }
  if (absl::Status s = LoadState(); !s.ok()) return s;
  return LoadKeys();
}

absl::Status Cache::LoadState() {
  Query query(*database_,
              "SELECT phase, cursor_generation, cursor_revision, as_of_generation, as_of_revision, resume_token, round,"
              " seen_ms FROM state");
  if (!query.Next()) {
    const absl::Status status = query.status();
    return status.ok() ? absl::DataLossError("local history: its file is damaged: rebuild it") : status;
  }
  state_ = {.phase = static_cast<CachePhase>(query.IntAt(0)),
            .cursor = {Unsigned(query.IntAt(1)), Unsigned(query.IntAt(2))},
            .as_of = {Unsigned(query.IntAt(3)), Unsigned(query.IntAt(4))},
            .resume_token = query.BlobAt(5),
            .round = query.IntAt(6),
            .seen_ms = query.IntAt(7)};
  return absl::OkStatus();
}

absl::Status Cache::SetState(const CacheState& state) {
  Query query(*database_,
              "UPDATE state SET phase = ?, cursor_generation = ?, cursor_revision = ?, as_of_generation = ?,"
              " as_of_revision = ?, resume_token = ?, round = ?, seen_ms = ?");
  query.Int(static_cast<int64_t>(state.phase)).Int(Signed(state.cursor.generation)).Int(Signed(state.cursor.revision));
  query.Int(Signed(state.as_of.generation)).Int(Signed(state.as_of.revision)).Blob(state.resume_token);
  if (absl::Status s = query.Int(state.round).Int(state.seen_ms).Run(); !s.ok()) return s;
  state_ = state;
  return absl::OkStatus();
}

absl::StatusOr<std::optional<CacheRow>> Cache::Find(const std::string& message_id) {
  Query query(*database_, "SELECT " LABYRINTH_ROW " FROM messages WHERE message_id = ?");
  std::optional<CacheRow> row;
  if (query.Blob(message_id).Next()) {
    auto found = RowAt(query);
    if (!found.ok()) return found.status();
    row = *std::move(found);
  }
  if (absl::Status s = query.status(); !s.ok()) return s;
  return row;
}

absl::Status Cache::Put(const CacheRow& row) {
  const RowClaims& claims = row.message.row();
  const VerifiedBody* verified = row.message.verified();
  const ForeignBody* foreign = row.message.foreign();
  if (verified == nullptr && foreign == nullptr) return absl::InternalError("local history: a refused row");
  // Never an update: a new content has a new key, and the old one's goes.
  if (auto removed = Remove(claims.message_id); !removed.ok()) return removed.status();
  auto key = keys_->Add();
  if (!key.ok()) return key.status();
  added_.push_back(key->first);
  const std::string& content = verified != nullptr ? verified->content : foreign->unverified_content;
  const auto sealed = crypto::AesGcmSeal(key->second, kOnce, claims.message_id, content);
  if (!sealed.ok()) return sealed.status();
  Query query(*database_,
              "INSERT INTO messages(" LABYRINTH_ROW ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
  query.Blob(claims.message_id).Blob(claims.thread_id).Int(claims.timestamp_ms);
  query.Int(row.place.revision).Int(row.place.index).Int(claims.expire_ms).Int(Signed(claims.epoch_id.value()));
  query.Int(claims.cipher_version).Int(Signed(claims.revision));
  query.Blob(verified != nullptr ? verified->writer.view() : std::string_view());
  query.Int(verified != nullptr ? Signed(verified->change_number) : 0);
  query.Blob(*sealed).Int(key->first);
  return query.Int(row.round).Int(static_cast<int64_t>(row.lacking)).Run();
}

absl::Status Cache::Touch(const CacheRow& row) {
  const RowClaims& claims = row.message.row();
  const VerifiedBody* verified = row.message.verified();
  Query query(*database_,
              "UPDATE messages SET place_revision = ?, place_index = ?, epoch_id = ?, cipher_version = ?, revision = ?,"
              " change_number = ?, round = ?, lacking = ? WHERE message_id = ?");
  query.Int(row.place.revision).Int(row.place.index).Int(Signed(claims.epoch_id.value()));
  query.Int(claims.cipher_version).Int(Signed(claims.revision));
  query.Int(verified != nullptr ? Signed(verified->change_number) : 0);
  return query.Int(row.round).Int(static_cast<int64_t>(row.lacking)).Blob(claims.message_id).Run();
}

absl::Status Cache::SetLacking(const std::string& message_id, Lacking lacking) {
  // The server's numbers of before say nothing any more.
  Query query(*database_, "UPDATE messages SET lacking = ?, revision = 0, round = ? WHERE message_id = ?");
  return query.Int(static_cast<int64_t>(lacking)).Int(state_.round).Blob(message_id).Run();
}

absl::StatusOr<bool> Cache::Remove(const std::string& message_id) {
  Query query(*database_, "DELETE FROM messages WHERE message_id = ? RETURNING slot");
  query.Blob(message_id);
  bool removed = false;
  while (query.Next()) {
    removed = true;
    dropped_.push_back(query.IntAt(0));
  }
  if (absl::Status s = query.status(); !s.ok()) return s;
  return removed;
}

absl::Status Cache::Clear() {
  Query query(*database_, "DELETE FROM messages RETURNING slot");
  while (query.Next()) dropped_.push_back(query.IntAt(0));
  if (absl::Status s = query.status(); !s.ok()) return s;
  return database_->Execute("DELETE FROM refused");
}

absl::Status Cache::PutRefused(const RefusedRow& row) {
  // Bounded: a server can make up as many as it likes.
  Query query(*database_,
              "INSERT OR REPLACE INTO refused SELECT ?, ?, ?, ? WHERE (SELECT count(*) FROM refused) < 10000");
  return query.Blob(row.message_id).Blob(row.thread_id).Int(static_cast<int64_t>(row.kind)).Int(state_.round).Run();
}

absl::Status Cache::RemoveRefused(const std::string& message_id) {
  return Query(*database_, "DELETE FROM refused WHERE message_id = ?").Blob(message_id).Run();
}

absl::Status Cache::RemoveRefusedBefore(int64_t round) {
  return Query(*database_, "DELETE FROM refused WHERE round < ?").Int(round).Run();
}

absl::StatusOr<std::vector<CacheRow>> Cache::ExpiredBy(int64_t now_ms, int limit) {
  Query query(*database_, "SELECT " LABYRINTH_ROW " FROM messages WHERE expire_ms > 0 AND expire_ms <= ? LIMIT ?");
  return RowsOf(query.Int(now_ms).Int(limit));
}

absl::StatusOr<std::vector<CacheRow>> Cache::NotInRound(int64_t round, int limit) {
  Query query(*database_, "SELECT " LABYRINTH_ROW " FROM messages WHERE round < ? LIMIT ?");
  return RowsOf(query.Int(round).Int(limit));
}

absl::StatusOr<std::vector<CacheRow>> Cache::ListLacking() {
  Query query(*database_, "SELECT " LABYRINTH_ROW
                          " FROM messages WHERE lacking > 0"
                          " ORDER BY timestamp_ms, place_revision, place_index");
  return RowsOf(query);
}

absl::StatusOr<std::vector<RefusedRow>> Cache::ListRefused() {
  Query query(*database_, "SELECT message_id, thread_id, kind FROM refused ORDER BY message_id");
  std::vector<RefusedRow> rows;
  while (query.Next()) rows.push_back({query.BlobAt(1), query.BlobAt(0), static_cast<Tampering>(query.IntAt(2))});
  if (absl::Status s = query.status(); !s.ok()) return s;
  return rows;
}

absl::StatusOr<std::vector<CacheRow>> Cache::ListThread(const std::string& thread_id, bool oldest_first,
                                                        const std::optional<CachePlace>& after, int limit) {
  constexpr int64_t kEnd = std::numeric_limits<int64_t>::max();
  constexpr int64_t kBegin = std::numeric_limits<int64_t>::min();
  const CachePlace from = after.value_or(oldest_first ? CachePlace{-1, kBegin, kBegin} : CachePlace{kEnd, kEnd, kEnd});
  Query query(*database_, oldest_first
                              ? "SELECT " LABYRINTH_ROW
                                " FROM messages WHERE thread_id = ? AND (timestamp_ms, place_revision, place_index) >"
                                " (?, ?, ?) ORDER BY timestamp_ms, place_revision, place_index LIMIT ?"
                              : "SELECT " LABYRINTH_ROW
                                " FROM messages WHERE thread_id = ? AND (timestamp_ms, place_revision, place_index) <"
                                " (?, ?, ?) ORDER BY timestamp_ms DESC, place_revision DESC, place_index DESC LIMIT ?");
  query.Blob(thread_id).Int(from.timestamp_ms).Int(from.revision).Int(from.index).Int(limit);
  return RowsOf(query);
}

absl::StatusOr<std::vector<CacheRow>> Cache::ListNewest() {
  // From thread to thread along the index: the cost is by threads, not by messages.
  Query query(*database_,
              "WITH RECURSIVE threads(thread_id) AS (SELECT min(thread_id) FROM messages UNION ALL"
              " SELECT (SELECT min(m.thread_id) FROM messages m WHERE m.thread_id > threads.thread_id)"
              " FROM threads WHERE threads.thread_id IS NOT NULL)"
              " SELECT " LABYRINTH_ROW
              " FROM messages WHERE id IN (SELECT (SELECT n.id FROM messages n WHERE n.thread_id = threads.thread_id"
              " ORDER BY n.timestamp_ms DESC, n.place_revision DESC, n.place_index DESC LIMIT 1) FROM threads)"
              " ORDER BY timestamp_ms DESC, place_revision DESC, place_index DESC");
  return RowsOf(query);
}

absl::StatusOr<uint64_t> Cache::Count() {
  const auto count = Pragma(*database_, "SELECT count(*) FROM messages");
  if (!count.ok()) return count.status();
  return Unsigned(*count);
}

}  // namespace labyrinth::client
