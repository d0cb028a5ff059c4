#include "service/mailbox/change_reader.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "common/errors.h"
#include "common/limits.h"
#include "service/mailbox/paging.h"
#include "service/mailbox/records.h"

namespace labyrinth::mailbox {

namespace keys = storage::keys;

namespace {

// Rows of the feed in one page: some 4,000 entries. A single row may be larger (the largest commit has 12,000), and
// then stands alone, which still fits gRPC's 4 MiB with all of its ids and a MiB of messages.
constexpr std::size_t kFeedBytes = 64 * 1024;

// What a message costs a response.
std::size_t SizeOf(const MessageView& view) {
  return view.record.ciphertext().size() + view.record.message_id().size() + view.thread_id().size();
}

// An entry that has to be looked up: of a message, or of an epoch.
struct Lead {
  std::size_t change = 0;  // its place in the page
  std::size_t entry = 0;
  uint32_t thread_number = 0;  // 0: an epoch
  storage::Place place;
  uint32_t sequence_id = 0;

  std::string Key() const {
    return thread_number == 0 ? keys::Epoch(sequence_id) : keys::Message(thread_number, place);
  }
};

}  // namespace

// One page on its way.
struct ChangeReader::Walk {
  Caller caller;
  ChangeQuery query;
  absl::Time deadline;
  Reply<ChangePage> done;
  ChangePage page = {};  // entries that turn out to tell nothing lose their kind
  std::vector<Lead> leads = {};
  std::size_t followed = 0;                                 // of the leads
  std::size_t bytes = 0;                                    // that they led to
  absl::flat_hash_map<uint32_t, std::string> threads = {};  // ids by number

  // The first step's rows.
  absl::Status TakeRows(const MemberView& view);
  absl::Status TakeRow(const storage::Row& row);
  // The second step's, of the leads from `followed` on. False: the page is full.
  absl::StatusOr<bool> TakeRecords(MemberView& view, std::size_t count, int64_t now_ms);
  absl::Status TakeThreads(const MemberView& view, std::size_t first, const std::vector<uint32_t>& numbers);
  absl::Status TakeEpoch(const Lead& lead, const std::optional<std::string>& row);
  absl::StatusOr<bool> TakeMessage(const Lead& lead, const MemberView& view, std::string row, int64_t now_ms);

  ChangeEntry& EntryOf(const Lead& lead) { return page.changes[lead.change].entries[lead.entry]; }
  void CutBefore(std::size_t change);
  // Leaves out what tells nothing, and answers.
  void Finish();
};

absl::Status ChangeReader::Walk::TakeRows(const MemberView& view) {
  const storage::Page& rows = view.pages[0];
  for (const storage::Row& row : rows.items) {
    if (const absl::Status status = TakeRow(row); !status.ok()) return status;
  }
  page.head = view.position.revision;
  page.next = rows.more ? page.changes.back().revision : page.head;
  return absl::OkStatus();
}

absl::Status ChangeReader::Walk::TakeRow(const storage::Row& row) {
  const auto revision = keys::ParseFeed(row.key);
  if (!revision.has_value()) return errors::DataDamaged("feed key");
  auto record = ParseRecord<storage_v1::FeedRecord>(row.value);
  if (!record.ok()) return record.status();
  Change& change = page.changes.emplace_back();
  change.revision = *revision;
  uint32_t saved = 0;  // by this commit, whether that still tells anything or not
  for (storage_v1::ChangeRecord& told : *record->mutable_changes()) {
    Lead lead{page.changes.size() - 1, change.entries.size(), told.thread_number(), FromRecord(told.place()),
              told.sequence_id()};
    switch (told.kind()) {
      case storage_v1::CHANGE_KIND_UNSPECIFIED:  // was SAVED, and is void by now
        ++saved;
        continue;
      case storage_v1::CHANGE_KIND_SAVED:
        lead.place = {told.place().timestamp_ms(), *revision, saved++};
        [[fallthrough]];
      case storage_v1::CHANGE_KIND_REPLACED:
        if (lead.thread_number == 0) return errors::DataDamaged("a change's thread");
        [[fallthrough]];
      case storage_v1::CHANGE_KIND_EPOCH_OPENED:
        leads.push_back(lead);
        break;
      case storage_v1::CHANGE_KIND_DELETED:
      case storage_v1::CHANGE_KIND_EXPIRED:
      case storage_v1::CHANGE_KIND_DEVICE_ADDED:
      case storage_v1::CHANGE_KIND_DEVICE_REVOKED:
        break;
      default:
        return errors::DataDamaged("a change's kind");
    }
    ChangeEntry& entry = change.entries.emplace_back();
    entry.kind = told.kind();
    entry.message_id = std::move(*told.mutable_message_id());
    entry.timestamp_ms = lead.place.timestamp_ms;
    entry.device_id = DeviceId(told.device_id());
    entry.by_device_id = DeviceId(told.by_device_id());
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> ChangeReader::Walk::TakeRecords(MemberView& view, std::size_t count, int64_t now_ms) {
  for (std::size_t i = 0; i < count; ++i, ++followed) {
    const Lead& lead = leads[followed];
    std::optional<std::string>& row = view.values[i];
    if (lead.thread_number == 0) {
      if (const absl::Status status = TakeEpoch(lead, row); !status.ok()) return status;
    } else if (row.has_value()) {
      const absl::StatusOr<bool> taken = TakeMessage(lead, view, *std::move(row), now_ms);
      if (!taken.ok() || !*taken) return taken;
    } else {
      EntryOf(lead).kind = storage_v1::CHANGE_KIND_UNSPECIFIED;  // it has gone
    }
  }
  return true;
}

absl::Status ChangeReader::Walk::TakeThreads(const MemberView& view, std::size_t first,
                                             const std::vector<uint32_t>& numbers) {
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const std::optional<std::string>& row = view.values[first + i];
    if (!row.has_value()) continue;  // with all its messages
    auto record = ParseRecord<storage_v1::ThreadRecord>(*row);
    if (!record.ok()) return record.status();
    threads[numbers[i]] = std::move(*record->mutable_thread_id());
  }
  return absl::OkStatus();
}

absl::Status ChangeReader::Walk::TakeEpoch(const Lead& lead, const std::optional<std::string>& row) {
  if (!row.has_value()) return errors::DataDamaged("an epoch that a change names");
  auto record = ParseRecord<storage_v1::EpochRecord>(*row);
  if (!record.ok()) return record.status();
  EntryOf(lead).epoch_id = EpochId(record->epoch_id());
  return absl::OkStatus();
}

absl::StatusOr<bool> ChangeReader::Walk::TakeMessage(const Lead& lead, const MemberView& view, std::string row,
                                                     int64_t now_ms) {
  const auto thread = threads.find(lead.thread_number);
  if (thread == threads.end()) return errors::DataDamaged("a message's thread");
  auto taken = MessageView::Of(thread->second, lead.place, std::move(row));
  if (!taken.ok()) return taken.status();
  MessageView& message = *taken;
  const std::size_t size_bytes = SizeOf(message);
  const bool full = bytes + size_bytes > limits::kChangeMessageBytes;
  if (full && lead.change > 0) {
    CutBefore(lead.change);
    return false;
  }
  bytes += size_bytes;

  ChangeEntry& entry = EntryOf(lead);
  if (IsExpired(message.record.expire_ms(), view.head, now_ms) ||
      message.record.replace_revision() > page.changes[lead.change].revision) {
    entry.kind = storage_v1::CHANGE_KIND_UNSPECIFIED;
    return true;
  }
  entry.thread_id = message.thread_id();
  entry.message_id = message.record.message_id();
  if (query.include_messages && !full) entry.message = std::move(message);
  return true;
}

void ChangeReader::Walk::CutBefore(std::size_t change) {
  page.changes.resize(change);
  page.next = page.changes.back().revision;
}

void ChangeReader::Walk::Finish() {
  for (Change& change : page.changes) {
    std::erase_if(change.entries,
                  [](const ChangeEntry& entry) { return entry.kind == storage_v1::CHANGE_KIND_UNSPECIFIED; });
  }
  std::erase_if(page.changes, [](const Change& change) { return change.entries.empty(); });
  std::move(done)(std::move(page));
}

void ChangeReader::ListChanges(const Caller& caller, const ChangeQuery& query, absl::Time deadline,
                               Reply<ChangePage> done) const {
  auto walk = std::make_unique<Walk>(Walk{caller, query, deadline, std::move(done)});
  MemberReadRequest read{caller, Access::kDevice, {}, {}, deadline};
  read.scans = {ScanFrom(keys::FeedAfter(query.since.revision), storage::Direction::kForward, {}, query.max_changes)};
  read.scans[0].max_bytes = kFeedBytes;
  MemberRead(engine_, std::move(read), [this, walk = std::move(walk)](absl::StatusOr<MemberView> view) mutable {
    absl::Status status = view.status();
    if (status.ok()) status = CheckCursor(walk->query.since, *view);
    if (status.ok()) status = walk->TakeRows(*view);
    if (!status.ok()) return std::move(walk->done)(status);
    Follow(std::move(walk));
  });
}

absl::Status ChangeReader::CheckCursor(const FeedCursor& since, const MemberView& view) const {
  if (since.generation != generation_) return errors::StoreRestored(generation_);
  if (since.revision > view.position.revision) {
    return errors::InvalidField("since.revision", "lies beyond the mailbox's head");
  }
  const uint64_t tail = view.head.feed_tail_revision();
  return since.revision < tail ? errors::ResyncRequired(tail) : absl::OkStatus();
}

void ChangeReader::Follow(std::unique_ptr<Walk> walk) const {
  const std::size_t count = std::min(kRowsPerRead, walk->leads.size() - walk->followed);
  if (count == 0) return walk->Finish();
  MemberReadRequest read{walk->caller, Access::kDevice, {}, {}, walk->deadline};
  std::vector<uint32_t> threads;  // not read yet
  for (std::size_t i = 0; i < count; ++i) {
    const Lead& lead = walk->leads[walk->followed + i];
    read.keys.push_back(lead.Key());
    const bool known = lead.thread_number == 0 || walk->threads.contains(lead.thread_number);
    if (!known) threads.push_back(lead.thread_number);
  }
  std::sort(threads.begin(), threads.end());
  threads.erase(std::unique(threads.begin(), threads.end()), threads.end());
  for (const uint32_t number : threads) read.keys.push_back(keys::Thread(number));
  MemberRead(engine_, std::move(read),
             [this, walk = std::move(walk), count, threads](absl::StatusOr<MemberView> view) mutable {
               absl::Status status = view.status();
               if (status.ok()) status = walk->TakeThreads(*view, count, threads);
               if (!status.ok()) return std::move(walk->done)(status);
               const absl::StatusOr<bool> go_on = walk->TakeRecords(*view, count, clock_.NowMs());
               if (!go_on.ok()) return std::move(walk->done)(go_on.status());
               *go_on ? Follow(std::move(walk)) : walk->Finish();
             });
}

}  // namespace labyrinth::mailbox
