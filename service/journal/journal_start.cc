#include "service/journal/journal_start.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <utility>

#include "absl/synchronization/notification.h"
#include "common/errors.h"
#include "proto/storage/v1/records.pb.h"
#include "service/mailbox/records.h"
#include "storage/schema.h"

namespace labyrinth::journal {
namespace {

using Kind = JournalEntry::Kind;

constexpr std::string_view kServerPartition = "server";
constexpr std::string_view kJournalKey = "journal";
constexpr absl::Duration kPatience = absl::Seconds(30);
constexpr int kCommitAttempts = 4;

absl::StatusOr<storage::ReadResult> Read(storage::Engine& engine, std::string_view partition,
                                         std::vector<std::string> keys) {
  absl::Notification done;
  absl::StatusOr<storage::ReadResult> result;
  engine.Read(
      {.partition = std::string(partition), .keys = std::move(keys), .scans = {}, .deadline = absl::Now() + kPatience},
      [&](absl::StatusOr<storage::ReadResult> read) {
        result = std::move(read);
        done.Notify();
      });
  done.WaitForNotification();
  return result;
}

// The row becomes `id`, or goes.
absl::Status Bind(storage::Engine& engine, const std::optional<JournalId>& id) {
  const std::optional<std::string> wanted = id.has_value() ? std::optional(id->str()) : std::nullopt;
  for (int attempt = 0; attempt < kCommitAttempts; ++attempt) {
    const auto now = Read(engine, kServerPartition, {std::string(kJournalKey)});
    if (!now.ok()) return now.status();
    if (now->values[0] == wanted) return absl::OkStatus();
    absl::Notification done;
    storage::CommitResult result;
    engine.Commit({.partition = std::string(kServerPartition),
                   .expect = now->position,
                   .writes = {{std::string(kJournalKey), wanted}},
                   .wake_at_ms = std::nullopt,
                   .drop = false,
                   .deadline = absl::Now() + kPatience},
                  [&](storage::CommitResult committed) {
                    result = std::move(committed);
                    done.Notify();
                  });
    done.WaitForNotification();
    // Otherwise the next read tells.
    if (result.outcome == storage::CommitResult::Outcome::kFailed) return result.error;
  }
  return errors::EngineUnavailable("the store's journal of revocations could not be noted");
}

absl::StatusOr<std::optional<JournalId>> Bound(storage::Engine& engine) {
  const auto stored = Read(engine, kServerPartition, {std::string(kJournalKey)});
  if (!stored.ok()) return stored.status();
  if (!stored->values[0].has_value()) return std::optional<JournalId>();
  const auto id = JournalId::From(*stored->values[0]);
  if (!id.has_value()) return errors::DataDamaged("the id of the store's journal");
  return id;
}

absl::StatusOr<std::unique_ptr<FileJournal>> OpenOrCreate(storage::Engine& engine, const std::string& path, bool begin,
                                                          uint64_t generation, const Clock& clock,
                                                          RandomSource& random) {
  const auto bound = Bound(engine);
  if (!bound.ok()) return bound.status();
  std::error_code error;
  const bool exists = std::filesystem::exists(path, error);
  if (begin && exists) {
    return absl::FailedPreconditionError(
        fmt::format("{}: --begin-journal is for a journal that is lost, and here is one: start without it", path));
  }
  if (!exists) {
    if (bound->has_value() && !begin) {
      return absl::FailedPreconditionError(
          fmt::format("{}: this store's journal of revocations is missing: put it back, or set revocation_journal to "
                      "where it is. If it is lost for good, start once with --begin-journal: no backup made before "
                      "can be restored safely then",
                      path));
    }
    JournalId id;
    random.Fill({id.data(), JournalId::kSize});
    if (absl::Status created = FileJournal::Create(path, id); !created.ok()) return created;
    if (begin) {
      if (absl::Status rebound = Bind(engine, id); !rebound.ok()) return rebound;
      return FileJournal::Open(path, generation, clock);
    }
  }
  auto journal = FileJournal::Open(path, generation, clock);
  if (!journal.ok()) return journal;
  const bool ours = bound->has_value() ? (*journal)->id() == **bound : (*journal)->found().Revocations().empty();
  if (!ours) {
    return absl::FailedPreconditionError(
        fmt::format("{}: the journal of revocations of another store: restore a backup of that one (labyrinthctl "
                    "backup restore), or set revocation_journal to another file",
                    path));
  }
  if (absl::Status noted = Bind(engine, (*journal)->id()); !noted.ok()) return noted;
  return journal;
}

// Whether the store shows what the entry says. An entry is one commit: any of its devices tells for all.
absl::StatusOr<bool> Happened(storage::Engine& engine, const mailbox::Revocation& revocation) {
  std::vector<std::string> keys = {storage::keys::Head()};
  for (const mailbox::RevokedDevice& device : revocation.devices) keys.push_back(storage::keys::Device(device.id));
  const auto rows = Read(engine, revocation.partition, std::move(keys));
  if (!rows.ok()) return rows.status();
  if (!rows->values[0].has_value()) return true;  // the mailbox has gone since
  const auto head = mailbox::ParseHead(*rows->values[0]);
  if (!head.ok()) return head.status();
  if (head->mailbox_id() != revocation.mailbox_id) return true;
  for (std::size_t i = 1; i < rows->values.size(); ++i) {
    if (!rows->values[i].has_value()) continue;
    const auto device = mailbox::ParseRecord<storage_v1::DeviceRecord>(*rows->values[i]);
    if (!device.ok()) return device.status();
    if (device->revoked()) return true;
  }
  return false;
}

absl::Status Compare(storage::Engine& engine, FileJournal& journal) {
  const std::vector<JournalEntry>& entries = journal.found().entries;
  std::set<uint64_t> settled;
  uint64_t checked = 0;
  for (const JournalEntry& entry : entries) {
    if (entry.kind == Kind::kVoid) settled.insert(entry.about);
    if (entry.kind == Kind::kChecked) checked = std::max(checked, entry.about);
  }
  for (const JournalEntry& entry : entries) {
    const bool takes_away = entry.kind == Kind::kRevoke || entry.kind == Kind::kDelete;
    if (!takes_away || entry.number <= checked || settled.contains(entry.number)) continue;
    const auto happened = Happened(engine, entry.revocation);
    if (!happened.ok()) return happened.status();
    if (!*happened) journal.Void(entry.number);
  }
  if (absl::Status health = journal.Health(); !health.ok()) return health;
  // Also behind what a clean process left: from then on the last acknowledged entry has an intact one behind it, and
  // damage to it isn't taken for a torn tail.
  if (entries.empty() || entries.back().kind == Kind::kChecked) return absl::OkStatus();
  return journal.NoteChecked(entries.back().number);
}

}  // namespace

absl::StatusOr<std::unique_ptr<FileJournal>> StartJournal(storage::Engine& engine, const std::string& path, bool begin,
                                                          uint64_t generation, const Clock& clock,
                                                          RandomSource& random) {
  auto journal = OpenOrCreate(engine, path, begin, generation, clock, random);
  if (!journal.ok()) return journal;
  if (absl::Status compared = Compare(engine, **journal); !compared.ok()) return compared;
  return journal;
}

absl::Status CheckJournalOf(storage::Engine& engine, const JournalId& id) {
  const auto bound = Bound(engine);
  if (!bound.ok()) return bound.status();
  if (bound->has_value() && **bound == id) return absl::OkStatus();
  return absl::FailedPreconditionError(
      "this journal of revocations isn't the backup's: name the one that its server wrote");
}

absl::Status ForgetJournal(storage::Engine& engine) { return Bind(engine, std::nullopt); }

}  // namespace labyrinth::journal
