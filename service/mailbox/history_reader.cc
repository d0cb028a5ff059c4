#include "service/mailbox/history_reader.h"

#include <algorithm>
#include <utility>

#include "common/errors.h"
#include "service/mailbox/paging.h"
#include "service/mailbox/records.h"

namespace labyrinth::mailbox {

namespace keys = storage::keys;
using storage::Direction;

namespace {

// How far down a thread to look for its newest live message: so many, or so many bytes of them.
constexpr uint32_t kNewestLookBack = 32;
constexpr std::size_t kNewestLookBackBytes = limits::kMessageBytes;

Direction DirectionOf(const MessageQuery& query) {
  return query.newest_first ? Direction::kForward : Direction::kBackward;  // keys descend in time
}

// The token's key in the thread as it is numbered now: one that was emptied and used again has another number.
absl::StatusOr<std::string> InThread(uint32_t number, const std::string& last_key) {
  if (last_key.empty()) return std::string();
  const auto key = keys::ParseMessage(last_key);
  if (!key.has_value()) return errors::PageTokenInvalid("not of a thread");
  return keys::Message(number, key->place);
}

}  // namespace

// Rows that an index leads to, on their way.
struct HistoryReader::Fetching {
  Walk walk;
  std::vector<Wanted> wanted;
  storage::Position index_at;  // when the index was read
  bool look_back = false;
  Reply<Rows> done;
  Rows rows = {};         // of the first so many wanted
  std::size_t bytes = 0;  // of ciphertext in them
};

void HistoryReader::ListMessages(const Caller& caller, const MessageQuery& query, PageRequest page, absl::Time deadline,
                                 Reply<MessagePage> done) const {
  const crypto::Sha256Digest hash = QueryHash("ListMessages")
                                        .Add(query.thread_id)
                                        .Add(static_cast<uint64_t>(query.start_ms))
                                        .Add(static_cast<uint64_t>(query.end_ms))
                                        .Add(query.newest_first)
                                        .Done();
  absl::StatusOr<std::string> last_key = tokens_.Open(caller, hash, page.token);
  if (!last_key.ok()) return std::move(done)(last_key.status());
  Walk walk{caller, query, hash, *std::move(last_key), page.size, deadline};
  if (query.thread_id.empty()) return ListMailbox(std::move(walk), std::move(done));
  ListThread(std::move(walk), std::move(done));
}

void HistoryReader::ListThread(Walk walk, Reply<MessagePage> done) const {
  MemberReadRequest lookup{walk.caller, Access::kDevice, {keys::ThreadById(walk.query.thread_id)}, {}, walk.deadline};
  MemberRead(engine_, std::move(lookup),
             [this, walk = std::move(walk), done = std::move(done)](absl::StatusOr<MemberView> found) mutable {
               if (!found.ok()) return std::move(done)(found.status());
               MessagePage page;
               page.as_of = found->position;
               if (!found->values[0].has_value()) return std::move(done)(std::move(page));
               auto number = ParseRecord<storage_v1::ThreadNumber>(*found->values[0]);
               if (!number.ok()) return std::move(done)(number.status());
               absl::StatusOr<std::string> last_key = InThread(number->number(), walk.last_key);
               if (!last_key.ok()) return std::move(done)(last_key.status());
               // The number again, for as long as it takes until it is the same one.
               MemberReadRequest read{
                   walk.caller, Access::kDevice, {keys::ThreadById(walk.query.thread_id)}, {}, walk.deadline};
               auto range = keys::ThreadMessages(number->number(), walk.query.start_ms, walk.query.end_ms);
               read.scans = {ScanFrom(std::move(range), DirectionOf(walk.query), *last_key, walk.size)};
               MemberRead(engine_, std::move(read),
                          [this, walk = std::move(walk), page = std::move(page), number_row = *found->values[0],
                           done = std::move(done)](absl::StatusOr<MemberView> view) mutable {
                            if (!view.ok()) return std::move(done)(view.status());
                            if (view->values[0] != number_row) return ListThread(std::move(walk), std::move(done));
                            auto messages = ViewMessages(*view, view->pages[0], walk.query.thread_id);
                            if (!messages.ok()) return std::move(done)(messages.status());
                            page.messages = *std::move(messages);
                            page.as_of = view->position;
                            const storage::Page& rows = view->pages[0];
                            const absl::Status status = SetNextToken(walk, rows, rows.items.size(), page);
                            if (!status.ok()) return std::move(done)(status);
                            std::move(done)(std::move(page));
                          });
             });
}

void HistoryReader::ListMailbox(Walk walk, Reply<MessagePage> done) const {
  MemberReadRequest read{walk.caller, Access::kDevice, {}, {}, walk.deadline};
  read.scans = {ScanFrom(keys::MailboxMessages(walk.query.start_ms, walk.query.end_ms), DirectionOf(walk.query),
                         walk.last_key, walk.size)};
  MemberRead(engine_, std::move(read),
             [this, walk = std::move(walk), done = std::move(done)](absl::StatusOr<MemberView> view) mutable {
               if (!view.ok()) return std::move(done)(view.status());
               std::vector<Wanted> wanted;
               for (const storage::Row& row : view->pages[0].items) {
                 const auto place = keys::ParseMailboxTime(row.key);
                 auto number = ParseRecord<storage_v1::ThreadNumber>(row.value);
                 if (!place.has_value()) return std::move(done)(errors::DataDamaged("mailbox time key"));
                 if (!number.ok()) return std::move(done)(number.status());
                 wanted.push_back({number->number(), *place});
               }
               ListIndexed(std::move(walk), std::move(wanted), *std::move(view), /*look_back=*/false, std::move(done));
             });
}

void HistoryReader::ListThreads(const Caller& caller, PageRequest page, absl::Time deadline,
                                Reply<MessagePage> done) const {
  const crypto::Sha256Digest hash = QueryHash("ListThreads").Done();
  absl::StatusOr<std::string> last_key = tokens_.Open(caller, hash, page.token);
  if (!last_key.ok()) return std::move(done)(last_key.status());
  Walk walk{caller, {}, hash, *std::move(last_key), page.size, deadline};
  MemberReadRequest read{caller, Access::kDevice, {}, {}, deadline};
  read.scans = {ScanFrom(keys::ThreadActivities(), Direction::kForward, walk.last_key, walk.size)};
  MemberRead(engine_, std::move(read),
             [this, walk = std::move(walk), done = std::move(done)](absl::StatusOr<MemberView> view) mutable {
               if (!view.ok()) return std::move(done)(view.status());
               std::vector<Wanted> wanted;
               for (const storage::Row& row : view->pages[0].items) {
                 const auto key = keys::ParseThreadActivity(row.key);
                 if (!key.has_value()) return std::move(done)(errors::DataDamaged("thread activity key"));
                 wanted.push_back({key->number, key->newest});
               }
               ListIndexed(std::move(walk), std::move(wanted), *std::move(view), /*look_back=*/true, std::move(done));
             });
}

void HistoryReader::BatchGet(const Caller& caller, std::vector<std::string> message_ids, absl::Time deadline,
                             Reply<MessagesById> done) const {
  MemberReadRequest read{caller, Access::kDevice, {}, {}, deadline};
  for (const std::string& id : message_ids) read.keys.push_back(keys::MessageLocation(id));
  Walk walk{caller, {}, {}, {}, 0, deadline};
  MemberRead(engine_, std::move(read),
             [this, walk = std::move(walk), ids = std::move(message_ids),
              done = std::move(done)](absl::StatusOr<MemberView> view) mutable {
               if (!view.ok()) return std::move(done)(view.status());
               MessagesById answer;
               std::vector<Wanted> wanted;
               std::vector<std::string> wanted_ids;
               for (std::size_t i = 0; i < ids.size(); ++i) {
                 storage_v1::MessageLocation location;
                 if (view->values[i].has_value()) {
                   auto record = ParseRecord<storage_v1::MessageLocation>(*view->values[i]);
                   if (!record.ok()) return std::move(done)(record.status());
                   location = *std::move(record);
                 }
                 if (!location.has_place()) {
                   answer.missing_ids.push_back(std::move(ids[i]));
                   continue;
                 }
                 wanted.push_back({location.thread_number(), FromRecord(location.place())});
                 wanted_ids.push_back(std::move(ids[i]));
               }
               Fetch(std::make_unique<Fetching>(Fetching{std::move(walk), std::move(wanted), view->position,
                                                         /*look_back=*/false,
                                                         [ids = std::move(wanted_ids), answer = std::move(answer),
                                                          done = std::move(done)](absl::StatusOr<Rows> rows) mutable {
                                                           if (!rows.ok()) return std::move(done)(rows.status());
                                                           rows->resize(ids.size());
                                                           for (std::size_t i = 0; i < ids.size(); ++i) {
                                                             std::optional<MessageView>& row = (*rows)[i];
                                                             if (row.has_value()) {
                                                               answer.messages.push_back(*std::move(row));
                                                             } else {
                                                               answer.missing_ids.push_back(std::move(ids[i]));
                                                             }
                                                           }
                                                           std::move(done)(std::move(answer));
                                                         }}));
             });
}

void HistoryReader::ListIndexed(Walk walk, std::vector<Wanted> wanted, MemberView view, bool look_back,
                                Reply<MessagePage> done) const {
  MessagePage page;
  page.as_of = view.position;
  auto finish = [this, walk, index = std::move(view.pages[0]), page = std::move(page),
                 done = std::move(done)](absl::StatusOr<Rows> rows) mutable {
    if (!rows.ok()) return std::move(done)(rows.status());
    if (auto status = SetNextToken(walk, index, rows->size(), page); !status.ok()) return std::move(done)(status);
    for (std::optional<MessageView>& row : *rows) {
      if (row.has_value()) page.messages.push_back(*std::move(row));
    }
    std::move(done)(std::move(page));
  };
  Fetch(std::make_unique<Fetching>(
      Fetching{std::move(walk), std::move(wanted), view.position, look_back, std::move(finish)}));
}

void HistoryReader::Fetch(std::unique_ptr<Fetching> fetching) const {
  const std::size_t first = fetching->rows.size();
  const std::size_t count = std::min(kRowsPerRead, fetching->wanted.size() - first);
  if (count == 0) return std::move(fetching->done)(std::move(fetching->rows));
  const std::vector<Wanted> wanted(fetching->wanted.begin() + first, fetching->wanted.begin() + first + count);
  MemberReadRequest read{fetching->walk.caller, Access::kDevice, {}, {}, fetching->walk.deadline};
  for (const Wanted& row : wanted) {
    read.keys.push_back(keys::Message(row.thread_number, row.place));
    read.keys.push_back(keys::Thread(row.thread_number));
  }
  MemberRead(engine_, std::move(read),
             [this, fetching = std::move(fetching), wanted](absl::StatusOr<MemberView> view) mutable {
               if (!view.ok()) return std::move(fetching->done)(view.status());
               absl::StatusOr<Rows> rows = TakeRows(*view, fetching->index_at, wanted);
               if (!rows.ok()) return std::move(fetching->done)(rows.status());
               if (fetching->look_back) return LookBack(std::move(fetching), std::move(wanted), *std::move(rows));
               AddRows(std::move(fetching), *std::move(rows));
             });
}

absl::StatusOr<HistoryReader::Rows> HistoryReader::TakeRows(MemberView& view, const storage::Position& index_at,
                                                            const std::vector<Wanted>& wanted) const {
  Rows rows;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    auto& row = view.values[2 * i];
    const auto& thread_row = view.values[2 * i + 1];
    std::optional<MessageView>& out = rows.emplace_back();
    if (!row.has_value()) {
      // It may have gone since the index was read, but nothing goes without a commit.
      if (view.position == index_at) return errors::DataDamaged("a message that an index names");
      continue;
    }
    if (!thread_row.has_value()) return errors::DataDamaged("a message's thread");
    auto thread = ParseRecord<storage_v1::ThreadRecord>(*thread_row);
    if (!thread.ok()) return thread.status();
    auto message = MessageView::Of(std::move(*thread->mutable_thread_id()), wanted[i].place, *std::move(row));
    if (!message.ok()) return message.status();
    if (!IsExpired(message->record.expire_ms(), view.head, clock_.NowMs())) out = *std::move(message);
  }
  return rows;
}

void HistoryReader::LookBack(std::unique_ptr<Fetching> fetching, std::vector<Wanted> wanted, Rows rows) const {
  std::vector<std::size_t> gaps;
  MemberReadRequest read{fetching->walk.caller, Access::kDevice, {}, {}, fetching->walk.deadline};
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (rows[i].has_value()) continue;
    gaps.push_back(i);
    read.keys.push_back(keys::Thread(wanted[i].thread_number));
    read.scans.push_back(ScanFrom(keys::ThreadMessages(wanted[i].thread_number, 0, kEndOfTime), Direction::kForward, {},
                                  kNewestLookBack));
    read.scans.back().max_bytes = kNewestLookBackBytes;
  }
  if (gaps.empty()) return AddRows(std::move(fetching), std::move(rows));
  MemberRead(engine_, std::move(read),
             [this, gaps = std::move(gaps), rows = std::move(rows),
              fetching = std::move(fetching)](absl::StatusOr<MemberView> view) mutable {
               if (!view.ok()) return std::move(fetching->done)(view.status());
               for (std::size_t i = 0; i < gaps.size(); ++i) {
                 if (!view->values[i].has_value()) continue;
                 auto thread = ParseRecord<storage_v1::ThreadRecord>(*view->values[i]);
                 if (!thread.ok()) return std::move(fetching->done)(thread.status());
                 auto live = ViewMessages(*view, view->pages[i], thread->thread_id());
                 if (!live.ok()) return std::move(fetching->done)(live.status());
                 if (!live->empty()) rows[gaps[i]] = std::move(live->front());
               }
               AddRows(std::move(fetching), std::move(rows));
             });
}

void HistoryReader::AddRows(std::unique_ptr<Fetching> fetching, Rows rows) const {
  for (std::optional<MessageView>& row : rows) {
    const std::size_t size_bytes = row.has_value() ? row->record.ciphertext().size() : 0;
    // A single message always fits: limits::kMessageBytes is far below.
    if (fetching->bytes + size_bytes > limits::kPageBytes) {
      return std::move(fetching->done)(std::move(fetching->rows));
    }
    fetching->bytes += size_bytes;
    fetching->rows.push_back(std::move(row));
  }
  Fetch(std::move(fetching));
}

absl::StatusOr<std::vector<MessageView>> HistoryReader::ViewMessages(const MemberView& view, const storage::Page& rows,
                                                                     const std::string& thread_id) const {
  const int64_t now_ms = clock_.NowMs();
  const auto keeper = std::make_shared<const ThreadRows>(ThreadRows{thread_id, rows.bytes});
  std::vector<MessageView> messages;
  messages.reserve(rows.items.size());
  for (const storage::Row& row : rows.items) {
    const auto key = keys::ParseMessage(row.key);
    if (!key.has_value()) return errors::DataDamaged("message key");
    auto message = MessageView::Of(keeper, key->place, row.value);
    if (!message.ok()) return message.status();
    if (!IsExpired(message->record.expire_ms(), view.head, now_ms)) messages.push_back(*std::move(message));
  }
  return messages;
}

absl::Status HistoryReader::SetNextToken(const Walk& walk, const storage::Page& rows, std::size_t taken,
                                         MessagePage& page) const {
  const std::string last_key(taken < rows.items.size() ? rows.items[taken - 1].key : LastKey(rows));
  if (last_key.empty()) return absl::OkStatus();
  absl::StatusOr<std::string> token = tokens_.Seal(walk.caller, walk.hash, last_key);
  if (!token.ok()) return token.status();
  page.next_token = *std::move(token);
  return absl::OkStatus();
}

}  // namespace labyrinth::mailbox
