#include "service/converters/changes.h"

#include <algorithm>
#include <string>
#include <utility>

#include "common/errors.h"
#include "common/limits.h"
#include "service/converters/messages.h"

namespace labyrinth::service {

namespace {

template <typename Request>
absl::StatusOr<mailbox::ChangeQuery> ParseCursor(const Request& request) {
  if (!request.has_since()) return errors::InvalidField("since", "required");
  mailbox::ChangeQuery query;
  query.since = {request.since().generation(), request.since().revision()};
  query.include_messages = request.include_messages();
  query.max_changes = limits::kChanges;
  return query;
}

v1::ChangeKind KindOf(storage_v1::ChangeKind kind) {
  switch (kind) {
    case storage_v1::CHANGE_KIND_SAVED:
      return v1::CHANGE_KIND_SAVED;
    case storage_v1::CHANGE_KIND_REPLACED:
      return v1::CHANGE_KIND_REPLACED;
    case storage_v1::CHANGE_KIND_DELETED:
      return v1::CHANGE_KIND_DELETED;
    case storage_v1::CHANGE_KIND_EXPIRED:
      return v1::CHANGE_KIND_EXPIRED;
    case storage_v1::CHANGE_KIND_DEVICE_ADDED:
      return v1::CHANGE_KIND_DEVICE_ADDED;
    case storage_v1::CHANGE_KIND_DEVICE_REVOKED:
      return v1::CHANGE_KIND_DEVICE_REVOKED;
    case storage_v1::CHANGE_KIND_EPOCH_OPENED:
      return v1::CHANGE_KIND_EPOCH_OPENED;
    default:
      return v1::CHANGE_KIND_UNSPECIFIED;
  }
}

void MoveEntry(mailbox::ChangeEntry&& entry, v1::ChangeEntry& out, ChangeCount& count) {
  ++count.entries;
  out.set_kind(KindOf(entry.kind));
  out.set_thread_id(std::move(entry.thread_id));
  out.set_message_id(std::move(entry.message_id));
  out.set_timestamp_ms(entry.timestamp_ms);
  out.set_device_id(entry.device_id.value());
  out.set_epoch_id(entry.epoch_id.value());
  out.set_by_device_id(entry.by_device_id.value());
  if (!entry.message.has_value()) return;
  count.bytes += entry.message->record.ciphertext().size();
  ToProto(*entry.message, *out.mutable_message());
}

template <typename Response>
ChangeCount FillIn(mailbox::ChangePage&& page, uint64_t generation, Response& response) {
  ChangeCount count;
  response.mutable_changes()->Reserve(static_cast<int>(page.changes.size()));
  for (mailbox::Change& change : page.changes) {
    v1::Change& out = *response.add_changes();
    out.set_revision(change.revision);
    out.mutable_entries()->Reserve(static_cast<int>(change.entries.size()));
    for (mailbox::ChangeEntry& entry : change.entries) MoveEntry(std::move(entry), *out.add_entries(), count);
  }
  response.mutable_next()->set_generation(generation);
  response.mutable_next()->set_revision(page.next);
  response.mutable_head()->set_generation(generation);
  response.mutable_head()->set_revision(page.head);
  return count;
}

}  // namespace

absl::StatusOr<mailbox::ChangeQuery> ParseChanges(const v1::ListChangesRequest& request) {
  absl::StatusOr<mailbox::ChangeQuery> query = ParseCursor(request);
  if (!query.ok()) return query;
  if (request.max_changes() < 0) return errors::InvalidField("max_changes", "must not be negative");
  const auto asked = static_cast<uint32_t>(request.max_changes());
  query->max_changes = asked == 0 ? limits::kChangesDefault : std::min(asked, limits::kChanges);
  return query;
}

absl::StatusOr<mailbox::ChangeQuery> ParseChanges(const v1::WatchRequest& request) { return ParseCursor(request); }

ChangeCount ToProto(mailbox::ChangePage&& page, uint64_t generation, v1::ListChangesResponse& response) {
  return FillIn(std::move(page), generation, response);
}

ChangeCount ToProto(mailbox::ChangePage&& page, uint64_t generation, v1::WatchResponse& response) {
  return FillIn(std::move(page), generation, response);
}

}  // namespace labyrinth::service
