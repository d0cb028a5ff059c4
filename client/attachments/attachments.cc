#include "client/attachments/attachments.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>
#include <vector>

#include "client/attachments/attach.h"
#include "client/attachments/spool.h"
#include "client/attachments/target_file.h"
#include "client/caller.h"
#include "client/transfer/text.h"
#include "common/errors.h"

namespace labyrinth::client {
namespace {

absl::Status CheckTexts(const std::string& file_name, const std::string& media_type) {
  if (file_name.size() > kAttachmentFileNameBytes || !IsValidUtf8(file_name)) {
    return absl::InvalidArgumentError("attachment: its name isn't UTF-8 of at most 255 bytes");
  }
  if (media_type.size() > kAttachmentMediaTypeBytes || !IsValidUtf8(media_type)) {
    return absl::InvalidArgumentError("attachment: its media type isn't UTF-8 of at most 127 bytes");
  }
  return absl::OkStatus();
}

absl::Status NotUploaded() {
  return absl::FailedPreconditionError("attachment: not uploaded by this profile, or attached already");
}

}  // namespace

absl::Status Attachments::OpenJournal() {
  if (journal_ != nullptr) return absl::OkStatus();
  auto journal = AttachmentJournal::Open(directory_);
  if (!journal.ok()) return journal.status();
  journal_ = *std::move(journal);
  return absl::OkStatus();
}

absl::Status Attachments::Ready() {
  if (absl::Status s = core_.Ready(); !s.ok()) return s;
  return Settle().status();
}

absl::StatusOr<const PendingAttachment*> Attachments::FindBegun(AttachmentSource& source) {
  std::optional<crypto::Sha256Digest> digest;
  for (const PendingAttachment& entry : journal_->pending()) {
    if (!entry.spooled || entry.has_message() || given_.contains(entry.attachment.name) ||
        entry.attachment.size_bytes != source.size_bytes()) {
      continue;
    }
    if (!digest) {
      const auto read = DigestOf(source);
      if (!read.ok()) return read.status();
      if (absl::Status s = source.Rewind(); !s.ok()) return s;
      digest = *read;
    }
    if (entry.file_digest == *digest) return &entry;
  }
  return nullptr;
}

absl::StatusOr<PendingAttachment> Attachments::Begin(AttachmentSource& source) {
  PendingAttachment entry;
  core_.random().Fill({entry.attachment.name.data(), entry.attachment.name.kSize});
  entry.attachment.content_key = crypto::RandomSecret(crypto::kAttachmentKeyBytes, core_.random());
  entry.attachment.size_bytes = source.size_bytes();
  // Without an entry yet: a crash leaves a stray file, which nothing was sent of.
  const auto spooled = WriteSpool(source, entry.attachment.content_key, journal_->SpoolPath(entry.attachment.name));
  if (!spooled.ok()) return spooled.status();
  entry.attachment.digest = spooled->digest;
  entry.file_digest = spooled->file_digest;
  entry.spooled = true;
  return entry;
}

absl::StatusOr<Attachment> Attachments::Upload(AttachmentSource& source, const std::string& file_name,
                                               const std::string& media_type, AttachmentProgress progress) {
  if (absl::Status s = CheckTexts(file_name, media_type); !s.ok()) return s;
  if (absl::Status s = Ready(); !s.ok()) return s;
  const auto begun = FindBegun(source);
  if (!begun.ok()) return begun.status();
  absl::StatusOr<PendingAttachment> entry = *begun != nullptr ? (*begun)->Clone() : Begin(source);
  if (!entry.ok()) return entry.status();
  entry->attachment.file_name = file_name;
  entry->attachment.media_type = media_type;
  Attachment attachment = entry->attachment.Clone();
  if (absl::Status s = journal_->Put(*std::move(entry)); !s.ok()) return s;
  if (absl::Status s = SendSpooled(core_, *journal_, attachment.name, progress); !s.ok()) return s;
  given_.insert(attachment.name);
  return attachment;
}

absl::StatusOr<Attachment> Attachments::Upload(AttachmentSource& source, const std::string& file_name,
                                               const std::string& media_type) {
  return Upload(source, file_name, media_type, [](uint64_t, uint64_t) { return true; });
}

absl::StatusOr<SharedAttachment> Attachments::Share(const Attachment& attachment) {
  if (absl::Status s = OpenJournal(); !s.ok()) return s;
  const PendingAttachment* entry = journal_->Find(attachment.name);
  if (entry == nullptr || !entry->complete) return NotUploaded();
  return SharedAttachment{entry->attachment.Clone(), entry->upload_ticket, entry->ticket_expire_ms};
}

absl::StatusOr<Attachment> Attachments::Adopt(const SharedAttachment& shared) {
  if (absl::Status s = CheckTexts(shared.attachment.file_name, shared.attachment.media_type); !s.ok()) return s;
  if (shared.attachment.size_bytes > crypto::kAttachmentFileBytes ||
      shared.attachment.content_key.size() != crypto::kAttachmentKeyBytes || shared.upload_ticket.empty()) {
    return absl::InvalidArgumentError("attachment: what was shared is malformed");
  }
  if (absl::Status s = Ready(); !s.ok()) return s;
  PendingAttachment entry{.attachment = shared.attachment.Clone(),
                          .file_digest = {},
                          .upload_ticket = shared.upload_ticket,
                          .ticket_expire_ms = shared.expire_ms,
                          .complete = true};
  core_.random().Fill({entry.attachment.name.data(), entry.attachment.name.kSize});
  Attachment attachment = entry.attachment.Clone();
  if (absl::Status s = journal_->Put(std::move(entry)); !s.ok()) return s;
  given_.insert(attachment.name);
  return attachment;
}

absl::StatusOr<bool> Attachments::IsStored(const NewMessage& message) {
  const std::array<std::string, 1> ids = {message.message_id};
  const auto found = history_.GetMessages(ids);
  if (!found.ok()) return found.status();
  for (const HistoryMessage& stored : found->messages) {
    const VerifiedBody* body = stored.verified();
    if (body != nullptr && stored.row().thread_id == message.thread_id && body->content == message.content) return true;
  }
  return false;
}

absl::Status Attachments::ForgetMessage(std::span<const Attachment> attachments) {
  for (const Attachment& attachment : attachments) {
    const PendingAttachment* found = journal_->Find(attachment.name);
    if (found == nullptr) continue;
    PendingAttachment entry = found->Clone();
    entry.thread_id.clear();
    entry.message_id.clear();
    if (absl::Status s = journal_->Put(std::move(entry)); !s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::StatusOr<AttachedSave> Attachments::Save(const NewMessage& message, std::span<const Attachment> attachments,
                                               const SaveOptions& options) {
  if (absl::Status s = Ready(); !s.ok()) return s;
  for (const Attachment& attachment : attachments) {
    const PendingAttachment* found = journal_->Find(attachment.name);
    if (found == nullptr || !found->complete || found->has_message()) return NotUploaded();
  }
  // Before the save: from here on, whoever finds the message stored can attach.
  for (const Attachment& attachment : attachments) {
    PendingAttachment entry = journal_->Find(attachment.name)->Clone();
    entry.thread_id = message.thread_id;
    entry.message_id = message.message_id;
    if (absl::Status s = journal_->Put(std::move(entry)); !s.ok()) return s;
  }
  auto saved = history_.Save(std::span(&message, 1), options);
  if (!saved.ok()) {
    // Certainly not stored, unless the outcome is open: then the next call finds out.
    if (OutcomeIsOpen(saved.status())) return saved.status();
    const absl::Status forgotten = ForgetMessage(attachments);
    return forgotten.ok() ? saved.status() : forgotten;
  }
  const SaveOutcome outcome = saved->outcomes.front();
  bool ours = outcome != SaveOutcome::kWasDeleted;
  // The same message under another nonce, from a run whose answer was lost, or another device's.
  if (outcome == SaveOutcome::kKeptExisting) {
    const auto stored = IsStored(message);
    if (!stored.ok()) return AttachedSave{*std::move(saved), stored.status()};
    ours = *stored;
  }
  AttachedSave report{*std::move(saved), absl::OkStatus()};
  for (const Attachment& attachment : attachments) {
    if (!ours) {
      if (absl::Status s = journal_->Drop(attachment.name); !s.ok()) return s;
      continue;
    }
    const auto attached = Attach(core_, history_, *journal_, attachment.name);
    absl::Status status = attached.status();
    if (attached.ok() && *attached != AttachOutcome::kAttached) status = errors::AttachmentNotFound();
    if (report.attached.ok()) report.attached = status;
  }
  return report;
}

absl::StatusOr<DeleteReport> Attachments::Delete(std::span<const Deletion> messages) {
  // The points need this device's part of the ORF.
  if (absl::Status s = core_.Ready(); !s.ok()) return s;
  std::vector<RowToDelete> rows;
  rows.reserve(messages.size());
  for (const Deletion& message : messages) {
    RowToDelete& row = rows.emplace_back(RowToDelete{message.message_id, {}});
    for (const crypto::AttachmentName& name : message.attachments) {
      row.attachments.push_back(PointOf(core_, name, message.thread_id, message.message_id));
    }
  }
  return DeleteRows(core_, rows);
}

absl::Status Attachments::SettleOne(const crypto::AttachmentName& name, SettleReport& report) {
  const PendingAttachment& entry = *journal_->Find(name);
  if (!entry.has_message()) {
    // Without a ticket nothing was sent: the file, if it is wanted again, is encrypted again.
    const bool worthless = entry.upload_ticket.empty() || core_.clock().NowMs() > entry.ticket_expire_ms;
    if (worthless && !given_.contains(name)) return journal_->Drop(name);
    ++report.waiting;
    return absl::OkStatus();
  }
  const auto outcome = Attach(core_, history_, *journal_, name);
  if (!outcome.ok()) {
    const absl::Status& status = outcome.status();
    const auto reason = ReasonOf(status);
    if (!reason || OutcomeIsOpen(status) || reason == Reason::kDeviceRevoked) return status;
    ++report.refused;
    return absl::OkStatus();
  }
  report.attached += *outcome == AttachOutcome::kAttached ? 1 : 0;
  report.waiting += *outcome == AttachOutcome::kNoMessage ? 1 : 0;
  report.lost += *outcome == AttachOutcome::kLost ? 1 : 0;
  return absl::OkStatus();
}

absl::StatusOr<SettleReport> Attachments::Settle() {
  SettleReport report;
  if (absl::Status s = OpenJournal(); !s.ok()) return s;
  if (journal_->pending().empty()) return report;
  if (absl::Status s = core_.Ready(); !s.ok()) return s;
  std::vector<crypto::AttachmentName> names;
  for (const PendingAttachment& entry : journal_->pending()) names.push_back(entry.attachment.name);
  for (const crypto::AttachmentName& name : names) {
    if (absl::Status s = SettleOne(name, report); !s.ok()) return s;
  }
  return report;
}

absl::Status Attachments::Download(const Attachment& attachment, const std::string& thread_id,
                                   const std::string& message_id, const std::string& path,
                                   AttachmentProgress progress) {
  auto decrypter =
      crypto::AttachmentDecrypter::Create(attachment.content_key, attachment.size_bytes, attachment.digest);
  if (!decrypter.ok()) return decrypter.status();
  if (absl::Status s = core_.Ready(); !s.ok()) return s;
  auto file = TargetFile::Create(path);
  if (!file.ok()) return file.status();
  absl::Status status = Receive(
      core_, PointOf(core_, attachment.name, thread_id, message_id),
      crypto::AttachmentCiphertextBytes(attachment.size_bytes), *decrypter,
      [&](std::string_view piece) { return file->Write(piece); }, progress);
  if (!status.ok()) return status;
  status = decrypter->Finish();
  return status.ok() ? file->Commit() : status;
}

absl::Status Attachments::Download(const Attachment& attachment, const std::string& thread_id,
                                   const std::string& message_id, const std::string& path) {
  return Download(attachment, thread_id, message_id, path, [](uint64_t, uint64_t) { return true; });
}

}  // namespace labyrinth::client
