#include "client/attachments/journal_codec.h"

#include <cstring>
#include <optional>
#include <utility>

#include "client/attachments/attachments.pb.h"
#include "client/wipe.h"

namespace labyrinth::client {
namespace {

constexpr std::string_view kMagic = "labyrinth-attachments/1\n";

absl::Status Damaged() {
  return absl::FailedPreconditionError(
      "profile: the journal of attachments is damaged or of a newer format: remove the folder 'attachments' of the "
      "profile to give up what was not attached yet");
}

void Encode(const PendingAttachment& entry, v1::PendingAttachment& out) {
  Wiped<content::v1::Attachment> attachment;
  EncodeAttachment(entry.attachment, *attachment);
  out.set_attachment(std::string(SerializeSecret(*attachment).RevealSecret()));
  out.set_file_digest(entry.file_digest.str());
  out.set_spooled(entry.spooled);
  out.set_upload_ticket(entry.upload_ticket);
  out.set_ticket_expire_ms(entry.ticket_expire_ms);
  out.set_complete(entry.complete);
  out.set_thread_id(entry.thread_id);
  out.set_message_id(entry.message_id);
}

std::optional<PendingAttachment> Decode(const v1::PendingAttachment& in) {
  Wiped<content::v1::Attachment> encoded;
  if (!encoded->ParseFromString(in.attachment())) return std::nullopt;
  auto attachment = DecodeAttachment(*encoded);
  const auto file_digest = crypto::Sha256Digest::From(in.file_digest());
  if (!attachment || !file_digest) return std::nullopt;
  return PendingAttachment{.attachment = *std::move(attachment),
                           .file_digest = *file_digest,
                           .spooled = in.spooled(),
                           .upload_ticket = in.upload_ticket(),
                           .ticket_expire_ms = in.ticket_expire_ms(),
                           .complete = in.complete(),
                           .thread_id = in.thread_id(),
                           .message_id = in.message_id()};
}

}  // namespace

PendingAttachment PendingAttachment::Clone() const {
  return {attachment.Clone(), file_digest, spooled, upload_ticket, ticket_expire_ms, complete, thread_id, message_id};
}

crypto::Secret EncodeJournal(const std::vector<PendingAttachment>& pending) {
  Wiped<v1::AttachmentJournal> journal;
  for (const PendingAttachment& entry : pending) Encode(entry, *journal->add_pending());
  const crypto::Secret body = SerializeSecret(*journal);
  const crypto::Sha256Digest digest = crypto::Sha256(body.RevealSecret());
  crypto::Secret file(kMagic.size() + digest.kSize + body.size());
  uint8_t* out = file.MutableSecret().data();
  std::memcpy(out, kMagic.data(), kMagic.size());
  std::memcpy(out + kMagic.size(), digest.data(), digest.kSize);
  if (body.size() > 0) {
    std::memcpy(out + kMagic.size() + digest.kSize, body.RevealSecret().data(), body.size());
  }
  return file;
}

absl::StatusOr<std::vector<PendingAttachment>> DecodeJournal(std::string_view file) {
  if (file.substr(0, kMagic.size()) != kMagic) return Damaged();
  file.remove_prefix(kMagic.size());
  if (file.size() < crypto::Sha256Digest::kSize) return Damaged();
  const std::string_view digest = file.substr(0, crypto::Sha256Digest::kSize);
  file.remove_prefix(digest.size());
  if (crypto::Sha256(file).view() != digest) return Damaged();
  Wiped<v1::AttachmentJournal> journal;
  if (!journal->ParseFromArray(file.data(), static_cast<int>(file.size()))) return Damaged();
  std::vector<PendingAttachment> pending;
  for (const v1::PendingAttachment& in : journal->pending()) {
    auto entry = Decode(in);
    if (!entry) return Damaged();
    pending.push_back(*std::move(entry));
  }
  return pending;
}

}  // namespace labyrinth::client
