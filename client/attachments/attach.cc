#include "client/attachments/attach.h"

#include <array>
#include <utility>

#include "client/attachments/transfer.h"
#include "common/errors.h"

namespace labyrinth::client {
namespace {

bool IsGone(const absl::Status& status) {
  const auto reason = ReasonOf(status);
  return reason == Reason::kAttachmentNotFound || reason == Reason::kTicketExpired;
}

absl::Status CreateReference(Core& core, const PendingAttachment& entry) {
  v1::CreateReferenceRequest request;
  *request.mutable_attachment() = PointOf(core, entry.attachment.name, entry.thread_id, entry.message_id);
  request.set_upload_ticket(entry.upload_ticket);
  // No sealed_name: the file's name stands in the message.
  return core.api().CreateReference(request).status();
}

// Whether an earlier run's call, whose answer was lost, did it.
absl::StatusOr<bool> IsAttached(Core& core, const PendingAttachment& entry) {
  v1::PrepareDownloadRequest request;
  *request.mutable_attachment() = PointOf(core, entry.attachment.name, entry.thread_id, entry.message_id);
  const absl::Status status = core.api().PrepareDownload(request).status();
  if (IsGone(status)) return false;
  if (!status.ok()) return status;
  return true;
}

absl::StatusOr<bool> MessageIsStored(History& history, const std::string& message_id) {
  const std::array<std::string, 1> ids = {message_id};
  const auto found = history.GetMessages(ids);
  if (!found.ok()) return found.status();
  return found->missing_message_ids.empty();
}

}  // namespace

absl::StatusOr<AttachOutcome> Attach(Core& core, History& history, AttachmentJournal& journal,
                                     const crypto::AttachmentName& name) {
  const auto forget = [&](AttachOutcome outcome) -> absl::StatusOr<AttachOutcome> {
    if (absl::Status s = journal.Drop(name); !s.ok()) return s;
    return outcome;
  };
  PendingAttachment entry = journal.Find(name)->Clone();
  absl::Status status = CreateReference(core, entry);
  if (status.ok()) return forget(AttachOutcome::kAttached);
  if (!IsGone(status)) return status;

  // One answer for every cause, so they are told apart here.
  const auto attached = IsAttached(core, entry);
  if (!attached.ok()) return attached.status();
  if (*attached) return forget(AttachOutcome::kAttached);
  const auto stored = MessageIsStored(history, entry.message_id);
  if (!stored.ok()) return stored.status();
  if (!*stored) {
    entry.thread_id.clear();
    entry.message_id.clear();
    if (absl::Status s = journal.Put(std::move(entry)); !s.ok()) return s;
    return AttachOutcome::kNoMessage;
  }
  if (!entry.spooled) return forget(AttachOutcome::kLost);
  status = SendSpooled(core, journal, name, [](uint64_t, uint64_t) { return true; });
  if (!status.ok()) return status;
  status = CreateReference(core, *journal.Find(name));
  if (status.ok()) return forget(AttachOutcome::kAttached);
  if (!IsGone(status)) return status;
  return forget(AttachOutcome::kLost);
}

}  // namespace labyrinth::client
