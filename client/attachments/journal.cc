#include "client/attachments/journal.h"

#include <errno.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <optional>
#include <set>
#include <system_error>
#include <utility>

#include "client/attachments/attachments.pb.h"
#include "client/wipe.h"
#include "common/bytes.h"
#include "crypto/primitives/hash.h"

namespace labyrinth::client {
namespace {

namespace fs = std::filesystem;

constexpr char kFileName[] = "journal";
constexpr char kSpoolSuffix[] = ".sealed";
constexpr std::string_view kMagic = "labyrinth-attachments/1\n";
// An entry has less than a kilobyte.
constexpr std::size_t kMaxFileBytes = 16 * 1024 * 1024;

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

absl::StatusOr<std::unique_ptr<AttachmentJournal>> AttachmentJournal::Open(const std::string& directory) {
  auto locked = PrivateDirectory::OpenAndLock(directory);
  if (!locked.ok()) return locked.status();
  if (absl::Status s = locked->RemoveLeftover(kFileName); !s.ok()) return s;
  std::unique_ptr<AttachmentJournal> journal(new AttachmentJournal(directory, *std::move(locked)));
  if (absl::Status s = journal->Load(); !s.ok()) return s;
  if (absl::Status s = journal->RemoveStrays(); !s.ok()) return s;
  return journal;
}

absl::Status AttachmentJournal::Load() {
  const auto file = directory_.Read(kFileName, kMaxFileBytes);
  if (!file.ok()) return file.status();
  if (!file->has_value()) return absl::OkStatus();
  std::string_view bytes = (*file)->RevealSecret();
  if (bytes.substr(0, kMagic.size()) != kMagic) return Damaged();
  bytes.remove_prefix(kMagic.size());
  if (bytes.size() < crypto::Sha256Digest::kSize) return Damaged();
  const std::string_view digest = bytes.substr(0, crypto::Sha256Digest::kSize);
  bytes.remove_prefix(digest.size());
  if (crypto::Sha256(bytes).view() != digest) return Damaged();
  Wiped<v1::AttachmentJournal> journal;
  if (!journal->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return Damaged();
  for (const v1::PendingAttachment& in : journal->pending()) {
    auto entry = Decode(in);
    if (!entry) return Damaged();
    pending_.push_back(*std::move(entry));
  }
  return absl::OkStatus();
}

absl::Status AttachmentJournal::RemoveStrays() const {
  std::set<std::string> named;
  for (const PendingAttachment& entry : pending_) named.insert(SpoolPath(entry.attachment.name));
  std::error_code error;
  for (fs::directory_iterator it(path_, error), end; !error && it != end; it.increment(error)) {
    const std::string path = path_ + "/" + it->path().filename().string();
    if (path.ends_with(kSpoolSuffix) && !named.contains(path)) fs::remove(path, error);
    if (error) break;
  }
  if (error) return absl::FailedPreconditionError("profile: attachments: " + error.message());
  return absl::OkStatus();
}

const PendingAttachment* AttachmentJournal::Find(const crypto::AttachmentName& name) const {
  const auto it = std::find_if(pending_.begin(), pending_.end(),
                               [&](const PendingAttachment& entry) { return entry.attachment.name == name; });
  return it == pending_.end() ? nullptr : &*it;
}

absl::Status AttachmentJournal::Put(PendingAttachment entry) {
  std::vector<PendingAttachment> next;
  for (const PendingAttachment& other : pending_) {
    if (other.attachment.name != entry.attachment.name) next.push_back(other.Clone());
  }
  next.push_back(std::move(entry));
  return Write(std::move(next));
}

absl::Status AttachmentJournal::Drop(const crypto::AttachmentName& name) {
  if (Find(name) == nullptr) return absl::OkStatus();
  std::vector<PendingAttachment> next;
  for (const PendingAttachment& other : pending_) {
    if (other.attachment.name != name) next.push_back(other.Clone());
  }
  if (absl::Status s = Write(std::move(next)); !s.ok()) return s;
  // A crash before this line leaves a stray, which the next Open removes.
  ::unlink(SpoolPath(name).c_str());
  return absl::OkStatus();
}

std::string AttachmentJournal::SpoolPath(const crypto::AttachmentName& name) const {
  return path_ + "/" + ToHex(name.view()) + kSpoolSuffix;
}

absl::Status AttachmentJournal::Write(std::vector<PendingAttachment> pending) {
  Wiped<v1::AttachmentJournal> journal;
  for (const PendingAttachment& entry : pending) Encode(entry, *journal->add_pending());
  const crypto::Secret body = SerializeSecret(*journal);
  const crypto::Sha256Digest digest = crypto::Sha256(body.RevealSecret());
  crypto::Secret file(kMagic.size() + digest.kSize + body.size());
  uint8_t* out = file.MutableSecret().data();
  std::memcpy(out, kMagic.data(), kMagic.size());
  std::memcpy(out + kMagic.size(), digest.data(), digest.kSize);
  std::memcpy(out + kMagic.size() + digest.kSize, body.RevealSecret().data(), body.size());
  bool replaced = false;
  const absl::Status written = directory_.Replace(kFileName, file.RevealSecret(), &replaced);
  // Replaced but perhaps not durable: the file is what this process goes on with, so memory follows it.
  if (written.ok() || replaced) pending_ = std::move(pending);
  return written;
}

}  // namespace labyrinth::client
