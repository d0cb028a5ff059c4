#include "client/attachments/journal.h"

#include <errno.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "common/bytes.h"
#include "crypto/primitives/secret.h"

namespace labyrinth::client {
namespace {

namespace fs = std::filesystem;

constexpr char kFileName[] = "journal";
constexpr char kSpoolSuffix[] = ".sealed";
// An entry has less than a kilobyte.
constexpr std::size_t kMaxFileBytes = 16 * 1024 * 1024;

}  // namespace

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
  auto pending = DecodeJournal((*file)->RevealSecret());
  if (!pending.ok()) return pending.status();
  pending_ = *std::move(pending);
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
  const crypto::Secret file = EncodeJournal(pending);
  bool replaced = false;
  const absl::Status written = directory_.Replace(kFileName, file.RevealSecret(), &replaced);
  // Replaced but perhaps not durable: the file is what this process goes on with, so memory follows it.
  if (written.ok() || replaced) pending_ = std::move(pending);
  return written;
}

}  // namespace labyrinth::client
