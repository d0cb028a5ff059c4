// Files beside messages (protocol section 7).
//
//   auto source = OpenAttachmentFile("/home/a/photo.jpg");
//   auto photo = client->attachments().Upload(**source, "photo.jpg", "image/jpeg");     // before the message is saved
//   message.content = my_format.Encode(text, *photo);                                   // A, K and digest inside
//   auto saved = client->attachments().Save(message, {&*photo, 1});                      // saves, then attaches
//   ...
//   client->attachments().Download(photo, thread_id, message_id, "/home/b/photo.jpg");   // on any member
#ifndef LABYRINTH_CLIENT_ATTACHMENTS_ATTACHMENTS_H_
#define LABYRINTH_CLIENT_ATTACHMENTS_ATTACHMENTS_H_

#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/attachments/attachment.h"
#include "client/attachments/journal.h"
#include "client/attachments/source.h"
#include "client/attachments/transfer.h"
#include "client/history.h"

namespace labyrinth::client {

// What a sender gives to the recipients of a chat, beside K, digest and texts, inside the product's own end-to-end
// encrypted message (section 7, step 8). Whoever holds the ticket and is a member of some mailbox can attach the upload
// to it until `expire_ms`; without K it opens nothing. Move-only.
struct SharedAttachment {
  Attachment attachment;  // `name` is the sender's own mailbox's: Adopt replaces it
  std::string upload_ticket;
  int64_t expire_ms = 0;  // Unix milliseconds, by the server's clock
};

struct AttachedSave {
  SaveReport saved;
  // OK: every attachment can be downloaded. Else the message is saved and what is missing is tried again by the next
  // call of any of these functions: the profile remembers.
  absl::Status attached;
};

struct SettleReport {
  int attached = 0;  // references that an interrupted run had left out
  int waiting = 0;   // uploads without a saved message: the same file again goes on with them
  int lost = 0;      // saved messages whose upload is gone for good
  int refused = 0;   // references that the server refused for now (a quota, say): tried again by the next call
};

// An upload's life: its ciphertext is kept in the profile (`PROFILE/attachments`, as large as the file) and sent; the
// message is saved; its reference is created; the profile forgets it. A run that ends anywhere in between is continued
// by the next one: Upload of the same bytes goes on at what the server has, and a message that was saved is attached by
// whatever call comes next. Uploads that no message was saved for are forgotten when their tickets expire.
//
// Memory is constant: a few chunks of 256 KiB, whatever the file's size.
//
// Thread-compatible; borrows core and history. Errors besides those named: the transport's, DEVICE_REVOKED,
// FAILED_PRECONDITION for a profile that can't be written.
class Attachments {
 public:
  // `directory` is made when it is first needed.
  Attachments(Core& core, History& history, std::string directory)
      : core_(core), history_(history), directory_(std::move(directory)) {}

  // Encrypts and sends a file. INVALID_ARGUMENT: larger than crypto::kAttachmentFileBytes, or the texts are out of
  // bounds (attachment.h); FAILED_PRECONDITION: the file changed while it was read; CANCELLED by `progress`. The result
  // belongs to one message.
  absl::StatusOr<Attachment> Upload(AttachmentSource& source, const std::string& file_name,
                                    const std::string& media_type, AttachmentProgress progress);
  absl::StatusOr<Attachment> Upload(AttachmentSource& source, const std::string& file_name,
                                    const std::string& media_type);

  // What to give to recipients. FAILED_PRECONDITION once the attachment was attached: share between Upload and Save.
  absl::StatusOr<SharedAttachment> Share(const Attachment& attachment);

  // Takes what a sender shared into this mailbox, under a new A: the result goes into this mailbox's message, and
  // through Save. Sends nothing.
  absl::StatusOr<Attachment> Adopt(const SharedAttachment& shared);

  // Saves one message whose content names `attachments` (each from Upload or Adopt of this profile, else
  // FAILED_PRECONDITION), then attaches them. Where the server kept another device's message instead (KEPT_EXISTING,
  // WAS_DELETED), nothing is attached and the uploads are forgotten.
  absl::StatusOr<AttachedSave> Save(const NewMessage& message, std::span<const Attachment> attachments,
                                    const SaveOptions& options = {});

  // Deletes messages (History::Delete) and the references of the attachments that they hold, so that the server lets go
  // of the files' bytes as well. `attachments` are those of the verified message's content.
  struct Deletion {
    std::string thread_id;
    std::string message_id;
    std::vector<crypto::AttachmentName> attachments;
  };
  absl::StatusOr<DeleteReport> Delete(std::span<const Deletion> messages);

  // Finishes what interrupted runs left. The others call it too; it costs nothing where there is nothing to do. A
  // refusal of one reference stands in no other's way; errors are those that concern every call: no connection,
  // DEVICE_REVOKED.
  absl::StatusOr<SettleReport> Settle();

  // Writes the file to `path` (0600), which must not exist (ALREADY_EXISTS). It appears after everything was verified;
  // before, and after an error, there is no such file. `attachment` is from the verified message of these ids.
  // NOT_FOUND (ATTACHMENT_NOT_FOUND): never attached, or deleted. DATA_LOSS, with a text that names it: the server's
  // bytes aren't the attachment. CANCELLED by `progress`.
  absl::Status Download(const Attachment& attachment, const std::string& thread_id, const std::string& message_id,
                        const std::string& path, AttachmentProgress progress);
  absl::Status Download(const Attachment& attachment, const std::string& thread_id, const std::string& message_id,
                        const std::string& path);

 private:
  absl::Status OpenJournal();
  // The journal is open, the device is one, and leftovers were tried.
  absl::Status Ready();
  // An upload of these bytes that an earlier run began; null if there is none.
  absl::StatusOr<const PendingAttachment*> FindBegun(AttachmentSource& source);
  absl::StatusOr<PendingAttachment> Begin(AttachmentSource& source);
  // True if the server keeps this very message under its id.
  absl::StatusOr<bool> IsStored(const NewMessage& message);
  absl::Status ForgetMessage(std::span<const Attachment> attachments);
  absl::Status SettleOne(const crypto::AttachmentName& name, SettleReport& report);

  Core& core_;
  History& history_;
  const std::string directory_;
  std::unique_ptr<AttachmentJournal> journal_;
  // Given to a caller of this process: a second Upload of the same bytes is another message's.
  std::set<crypto::AttachmentName> given_;
};

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_ATTACHMENTS_ATTACHMENTS_H_
