#include "service/mailbox/upkeep.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "common/errors.h"
#include "common/limits.h"
#include "service/mailbox/feed_upkeep.h"
#include "service/mailbox/paging.h"
#include "service/mailbox/records.h"

namespace labyrinth::mailbox {

namespace keys = storage::keys;

namespace {

// The first rows of a table of what is due, and one more: when to come back.
storage::Scan FirstOf(keys::Range range, uint32_t rows) {
  return ScanFrom(std::move(range), storage::Direction::kForward, {}, rows + 1);
}

std::vector<storage::Scan> Scans() {
  return {FirstOf(keys::Expiries(), UpkeepOperation::kExpired),
          FirstOf(keys::VoidEntries(), UpkeepOperation::kVoidEntries),
          FirstOf(keys::DeletionAges(), UpkeepOperation::kDeletionRows),
          FirstOf(keys::RequestAges(), UpkeepOperation::kRequests)};
}

// What one table gave.
template <typename Key>
struct DueRows {
  std::vector<Key> keys;
  std::optional<int64_t> next_ms;  // when the first row past those is due: perhaps now
};

// Takes the rows that are due while there is room and `fits` agrees.
template <typename Key, typename Parse, typename DueMs, typename Fits>
absl::StatusOr<DueRows<Key>> Take(const storage::Page& page, uint32_t room, int64_t now_ms, Parse parse, DueMs due_ms,
                                  Fits fits) {
  DueRows<Key> rows;
  for (const storage::Row& row : page.items) {
    const std::optional<Key> key = parse(row.key);
    if (!key.has_value()) return errors::DataDamaged("a key of what is due");
    if (rows.keys.size() == room || due_ms(*key) > now_ms || !fits(*key)) {
      rows.next_ms = due_ms(*key);
      break;
    }
    rows.keys.push_back(*key);
  }
  return rows;
}

}  // namespace

struct UpkeepOperation::Due {
  DueRows<keys::ExpiryKey> expired;
  DueRows<keys::VoidEntryKey> void_entries;
  DueRows<keys::DeletionAgeKey> deletions;
  DueRows<keys::RequestAgeKey> requests;

  Removal removal() const {
    std::vector<StoredAt> messages;
    for (const keys::ExpiryKey& key : expired.keys) messages.push_back({key.thread_number, key.place});
    return Removal(std::move(messages));
  }
  std::set<uint64_t> feed_revisions() const {
    std::set<uint64_t> revisions;
    for (const keys::VoidEntryKey& key : void_entries.keys) revisions.insert(key.revision);
    for (const keys::DeletionAgeKey& key : deletions.keys) revisions.insert(key.revision);
    return revisions;
  }
};

absl::StatusOr<UpkeepOperation::Due> UpkeepOperation::FindDue(const BatchState& state) {
  std::vector<const storage::Page*> pages;
  for (const storage::Scan& scan : Scans()) {
    pages.push_back(state.FindPage(scan));
    if (pages.back() == nullptr) return absl::InternalError("what is due wasn't read yet");
  }
  const int64_t now_ms = state.now_ms();
  const auto always = [](const auto&) { return true; };
  Due due;

  // Also what has expired by a clock that stepped back since.
  const int64_t expired_ms = std::max(now_ms, state.head()->expired_through_ms());
  auto expired = Take<keys::ExpiryKey>(
      *pages[0], kExpired, expired_ms, keys::ParseExpiry, [](const keys::ExpiryKey& key) { return key.expire_ms; },
      always);
  if (!expired.ok()) return expired.status();
  due.expired = *std::move(expired);

  std::set<uint64_t> revisions;
  auto void_entries = Take<keys::VoidEntryKey>(
      *pages[1], kVoidEntries, now_ms, keys::ParseVoidEntry, [](const keys::VoidEntryKey& key) { return key.void_ms; },
      [&revisions](const keys::VoidEntryKey& key) {
        return (revisions.contains(key.revision) || revisions.size() < kFeedRows) &&
               (revisions.insert(key.revision), true);
      });
  if (!void_entries.ok()) return void_entries.status();
  due.void_entries = *std::move(void_entries);

  auto deletions = Take<keys::DeletionAgeKey>(
      *pages[2], kDeletionRows, now_ms, keys::ParseDeletionAge,
      [](const keys::DeletionAgeKey& key) { return key.commit_ms + limits::kTombstoneMs; }, always);
  if (!deletions.ok()) return deletions.status();
  due.deletions = *std::move(deletions);

  auto requests = Take<keys::RequestAgeKey>(
      *pages[3], kRequests, now_ms, keys::ParseRequestAge,
      [](const keys::RequestAgeKey& key) { return key.create_ms + limits::kRequestIdTtlMs; }, always);
  if (!requests.ok()) return requests.status();
  due.requests = *std::move(requests);
  return due;
}

void UpkeepOperation::NeedScans(const BatchState& state, std::vector<storage::Scan>& scans) const {
  for (storage::Scan& scan : Scans()) scans.push_back(std::move(scan));
  if (state.head() == nullptr) return;
  if (const auto due = FindDue(state); due.ok()) due->removal().NeedScans(state, scans);
}

void UpkeepOperation::Need(const BatchState& state, std::vector<std::string>& keys) const {
  if (state.head() == nullptr) return;
  const auto due = FindDue(state);
  if (!due.ok()) return;
  due->removal().Need(keys);
  for (const uint64_t revision : due->feed_revisions()) keys.push_back(keys::Feed(revision));
  // The ids whose tombstones go, once the rows that name them are known.
  for (const keys::DeletionAgeKey& key : due->deletions.keys) {
    const std::optional<std::string>* found = state.Find(keys::Feed(key.revision));
    if (found == nullptr || !found->has_value()) continue;
    const auto row = ParseRecord<storage_v1::FeedRecord>(**found);
    if (!row.ok()) continue;
    for (const storage_v1::ChangeRecord& change : row->changes()) {
      if (IsDeletion(change)) keys.push_back(keys::MessageLocation(change.message_id()));
    }
  }
}

absl::Status UpkeepOperation::Decide(Transaction& txn) {
  result_ = {};
  if (!txn.has_mailbox()) return absl::OkStatus();
  const auto due = FindDue(txn.state());
  if (!due.ok()) return due.status();
  // What is added below asks for its own wake time.
  txn.ClearWake();

  if (const auto& expired = due->expired.keys; !expired.empty()) {
    result_.expired = expired.size();
    const auto status = due->removal().Apply(txn, storage_v1::CHANGE_KIND_EXPIRED, DeviceId());
    if (!status.ok()) return status;
    storage_v1::MailboxHead& head = txn.mutable_head();
    head.set_expired_through_ms(std::max(head.expired_through_ms(), expired.back().expire_ms));
  } else {
    txn.LeaveNoTrace();
  }

  std::map<uint64_t, storage_v1::FeedRecord> rows;
  for (const uint64_t revision : due->feed_revisions()) {
    auto row = txn.Get<storage_v1::FeedRecord>(keys::Feed(revision));
    if (!row.ok()) return row.status();
    if (row->has_value()) rows[revision] = **std::move(row);
  }
  for (const keys::VoidEntryKey& key : due->void_entries.keys) {
    if (const auto row = rows.find(key.revision); row != rows.end()) VoidEntry(row->second, key.revision, key.place);
    txn.Delete(keys::VoidEntry(key.void_ms, key.revision, key.place));
  }
  if (auto status = ForgetDeletions(txn, *due, rows); !status.ok()) return status;
  for (auto& [revision, row] : rows) PutFeedRow(txn, revision, std::move(row));

  for (const keys::RequestAgeKey& key : due->requests.keys) {
    txn.Delete(keys::Request(key.id));
    txn.Delete(keys::RequestAge(key.create_ms, key.id));
  }

  const auto wake_by = [&](std::optional<int64_t> due_ms, int64_t slack_ms) {
    if (!due_ms.has_value()) return;
    result_.more = result_.more || *due_ms <= txn.now_ms();
    txn.WakeBy(*due_ms, slack_ms);
  };
  wake_by(due->expired.next_ms, limits::kExpirySlackMs);
  for (const auto& next_ms : {due->void_entries.next_ms, due->deletions.next_ms, due->requests.next_ms}) {
    wake_by(next_ms, limits::kUpkeepSlackMs);
  }
  if (result_.more) txn.WakeBy(txn.now_ms(), /*slack_ms=*/1);
  return absl::OkStatus();
}

absl::Status UpkeepOperation::ForgetDeletions(Transaction& txn, const Due& due,
                                              std::map<uint64_t, storage_v1::FeedRecord>& rows) {
  for (const keys::DeletionAgeKey& key : due.deletions.keys) {
    txn.Delete(keys::DeletionAge(key.commit_ms, key.revision));
    storage_v1::MailboxHead& head = txn.mutable_head();
    head.set_feed_tail_revision(std::max(head.feed_tail_revision(), key.revision));
    const auto row = rows.find(key.revision);
    if (row == rows.end()) continue;
    for (const std::string& id : TakeDeletions(row->second)) {
      auto location = txn.Get<storage_v1::MessageLocation>(keys::MessageLocation(id));
      if (!location.ok()) return location.status();
      // Never a live message's.
      if (location->has_value() && (*location)->deleted_ms() != 0) txn.Delete(keys::MessageLocation(id));
    }
  }
  return absl::OkStatus();
}

}  // namespace labyrinth::mailbox
