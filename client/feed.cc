#include "client/feed.h"

#include <google/protobuf/repeated_field.h>

#include <utility>

#include "client/convert.h"
#include "client/row_opener.h"
#include "common/limits.h"

namespace labyrinth::client {
namespace {

std::optional<ChangeKind> KindOf(v1::ChangeKind kind) {
  switch (kind) {
    case v1::CHANGE_KIND_SAVED:
      return ChangeKind::kSaved;
    case v1::CHANGE_KIND_REPLACED:
      return ChangeKind::kReplaced;
    case v1::CHANGE_KIND_DELETED:
      return ChangeKind::kDeleted;
    case v1::CHANGE_KIND_EXPIRED:
      return ChangeKind::kExpired;
    case v1::CHANGE_KIND_DEVICE_ADDED:
      return ChangeKind::kDeviceAdded;
    case v1::CHANGE_KIND_DEVICE_REVOKED:
      return ChangeKind::kDeviceRevoked;
    case v1::CHANGE_KIND_EPOCH_OPENED:
      return ChangeKind::kEpochOpened;
    default:
      return std::nullopt;
  }
}

bool NamesMessage(ChangeKind kind) { return kind <= ChangeKind::kExpired; }
bool HasMessage(ChangeKind kind) { return kind <= ChangeKind::kReplaced; }

bool InBounds(const v1::ChangeEntry& entry, ChangeKind kind) {
  if (!NamesMessage(kind)) return true;
  if (entry.message_id().empty() || entry.message_id().size() > limits::kMessageIdBytes) return false;
  return !HasMessage(kind) || (!entry.thread_id().empty() && entry.thread_id().size() <= limits::kThreadIdBytes);
}

absl::Status CheckOrder(const FeedCursor& since, const google::protobuf::RepeatedPtrField<v1::Change>& changes,
                        const FeedCursor& next, const FeedCursor& head) {
  if (next.generation != since.generation || head.generation != since.generation) {
    return Violation("change feed: it left the cursor's generation without saying so");
  }
  uint64_t last = since.revision;
  for (const v1::Change& change : changes) {
    if (change.revision() <= last) return Violation("change feed: its revisions don't ascend");
    last = change.revision();
  }
  if (next.revision < last || head.revision < next.revision) return Violation("change feed: its cursors run backward");
  return absl::OkStatus();
}

// The entry says where its message belongs; another one in its place isn't what the feed told.
HistoryMessage InItsPlace(HistoryMessage message, const HistoryChange& change) {
  const RowClaims& row = message.row();
  if (row.message_id == change.message_id && row.thread_id == change.thread_id &&
      row.timestamp_ms == change.timestamp_ms) {
    return message;
  }
  return HistoryMessage(row, TamperedBody{Tampering::kOutsideOfQuery});
}

template <typename Response>
absl::StatusOr<ChangeBatch> Open(Core& core, const FeedCursor& since, Response& response) {
  ChangeBatch batch{.commits = {}, .next = FromProto(response.next()), .head = FromProto(response.head())};
  if (absl::Status s = CheckOrder(since, response.changes(), batch.next, batch.head); !s.ok()) return s;
  google::protobuf::RepeatedPtrField<v1::Message> rows;
  std::vector<std::pair<std::size_t, std::size_t>> places;  // of the rows: commit and change
  for (v1::Change& change : *response.mutable_changes()) {
    Commit& commit = batch.commits.emplace_back();
    commit.revision = change.revision();
    for (v1::ChangeEntry& entry : *change.mutable_entries()) {
      const std::optional<ChangeKind> kind = KindOf(entry.kind());
      if (!kind) continue;
      if (!InBounds(entry, *kind)) return Violation("change feed: an entry has fields out of bounds");
      commit.changes.push_back({.kind = *kind,
                                .thread_id = entry.thread_id(),
                                .message_id = entry.message_id(),
                                .timestamp_ms = entry.timestamp_ms(),
                                .device_id = DeviceId(entry.device_id()),
                                .epoch_id = EpochId(entry.epoch_id()),
                                .by_device_id = DeviceId(entry.by_device_id()),
                                .message = std::nullopt});
      if (!HasMessage(*kind) || !entry.has_message()) continue;
      rows.Add()->Swap(entry.mutable_message());
      places.emplace_back(batch.commits.size() - 1, commit.changes.size() - 1);
    }
  }
  if (rows.empty()) return batch;
  auto messages = OpenRows(core, rows);
  if (!messages.ok()) return messages.status();
  for (std::size_t i = 0; i < places.size(); ++i) {
    HistoryChange& change = batch.commits[places[i].first].changes[places[i].second];
    change.message = InItsPlace(std::move((*messages)[i]), change);
  }
  return batch;
}

}  // namespace

absl::StatusOr<ChangeBatch> OpenChanges(Core& core, const FeedCursor& since, v1::ListChangesResponse& response) {
  return Open(core, since, response);
}

absl::StatusOr<ChangeBatch> OpenChanges(Core& core, const FeedCursor& since, v1::WatchResponse& response) {
  return Open(core, since, response);
}

void ToProto(const FeedCursor& cursor, v1::Cursor& out) {
  out.set_generation(cursor.generation);
  out.set_revision(cursor.revision);
}

FeedCursor FromProto(const v1::Cursor& cursor) { return {cursor.generation(), cursor.revision()}; }

}  // namespace labyrinth::client
