#include "service/mailbox/feed_upkeep.h"

#include <algorithm>

#include "common/limits.h"
#include "service/mailbox/records.h"

namespace labyrinth::mailbox {

namespace keys = storage::keys;
using storage::Place;
using storage_v1::ChangeRecord;

namespace {

// Whether the entry counts when those of saves are numbered: those that are void still do.
bool IsNumbered(const ChangeRecord& change) {
  return change.kind() == storage_v1::CHANGE_KIND_SAVED || change.kind() == storage_v1::CHANGE_KIND_UNSPECIFIED;
}

}  // namespace

uint64_t ToldAt(const Place& place, const storage_v1::MessageRecord& message) {
  return message.replace_revision() != 0 ? message.replace_revision() : place.revision;
}

void MarkToldAsVoid(Transaction& txn, const Place& place, const storage_v1::MessageRecord& message) {
  const int64_t void_ms = txn.now_ms() + limits::kFeedSettleMs;
  txn.PutMark(keys::VoidEntry(void_ms, ToldAt(place, message), place));
  txn.WakeBy(void_ms, limits::kUpkeepSlackMs);
}

void VoidEntry(storage_v1::FeedRecord& row, uint64_t revision, const Place& place) {
  auto& changes = *row.mutable_changes();
  if (place.revision == revision) {
    uint32_t ordinal = 0;
    for (ChangeRecord& change : changes) {
      if (!IsNumbered(change)) continue;
      if (ordinal++ == place.ordinal) return change.Clear();
    }
    return;
  }
  const auto found = std::find_if(changes.begin(), changes.end(), [&](const ChangeRecord& change) {
    return change.kind() == storage_v1::CHANGE_KIND_REPLACED && FromRecord(change.place()) == place;
  });
  if (found != changes.end()) changes.erase(found);
}

bool IsDeletion(const ChangeRecord& change) {
  return change.kind() == storage_v1::CHANGE_KIND_DELETED || change.kind() == storage_v1::CHANGE_KIND_EXPIRED;
}

std::vector<std::string> TakeDeletions(storage_v1::FeedRecord& row) {
  std::vector<std::string> message_ids;
  auto& changes = *row.mutable_changes();
  for (ChangeRecord& change : changes) {
    if (IsDeletion(change)) message_ids.push_back(change.message_id());
  }
  changes.erase(std::remove_if(changes.begin(), changes.end(), IsDeletion), changes.end());
  return message_ids;
}

void PutFeedRow(Transaction& txn, uint64_t revision, storage_v1::FeedRecord row) {
  // Those at the end number nothing any more.
  auto& changes = *row.mutable_changes();
  while (!changes.empty() && changes.rbegin()->kind() == storage_v1::CHANGE_KIND_UNSPECIFIED) changes.RemoveLast();
  if (changes.empty()) return txn.Delete(keys::Feed(revision));
  txn.Put(keys::Feed(revision), row);
}

}  // namespace labyrinth::mailbox
