#include "service/journal/file_journal.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace labyrinth::journal {
namespace {

using Kind = JournalEntry::Kind;

absl::Status Failed(const std::string& path) {
  return absl::UnavailableError(fmt::format("{}: {}", path, std::strerror(errno)));
}

bool WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

absl::Status SyncParent(const std::string& path) {
  const std::string parent = std::filesystem::absolute(path).parent_path().string();
  const int fd = open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return Failed(parent);
  const absl::Status status = fsync(fd) == 0 ? absl::OkStatus() : Failed(parent);
  close(fd);
  return status;
}

}  // namespace

absl::Status FileJournal::Create(const std::string& path, const JournalId& id) {
  const std::string fresh = path + ".new";
  const int fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return Failed(fresh);
  const absl::Status written =
      WriteAll(fd, EncodeJournalHeader(id)) && fsync(fd) == 0 ? absl::OkStatus() : Failed(fresh);
  close(fd);
  if (!written.ok()) return written;
  // A link, not a rename: it never takes the place of a journal.
  if (link(fresh.c_str(), path.c_str()) != 0) {
    if (errno != EEXIST) return Failed(path);
    return absl::FailedPreconditionError(fmt::format("{}: there is a journal already", path));
  }
  unlink(fresh.c_str());
  return SyncParent(path);
}

absl::StatusOr<std::unique_ptr<FileJournal>> FileJournal::Open(const std::string& path, uint64_t generation,
                                                               const Clock& clock) {
  const int fd = open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) {
    if (errno == ENOENT) return absl::NotFoundError(fmt::format("{}: no such file", path));
    return Failed(path);
  }
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    close(fd);
    return absl::FailedPreconditionError(fmt::format("{}: open in another process", path));
  }
  auto content = ReadJournal(path);
  absl::Status status = content.status();
  if (status.ok() && content->torn &&
      (ftruncate(fd, static_cast<off_t>(content->intact_bytes)) != 0 || fsync(fd) != 0)) {
    status = Failed(path);
  }
  if (status.ok() && lseek(fd, 0, SEEK_END) != static_cast<off_t>(content->intact_bytes)) status = Failed(path);
  if (!status.ok()) {
    close(fd);
    return status;
  }
  return std::unique_ptr<FileJournal>(new FileJournal(path, fd, *std::move(content), generation, clock));
}

FileJournal::FileJournal(std::string path, int fd, JournalContent found, uint64_t generation, const Clock& clock)
    : path_(std::move(path)),
      fd_(fd),
      found_(std::move(found)),
      id_(found_.id),
      generation_(generation),
      clock_(clock),
      next_number_(found_.entries.size() + 1),
      durable_bytes_(found_.intact_bytes) {}

FileJournal::~FileJournal() { close(fd_); }

absl::StatusOr<uint64_t> FileJournal::Write(JournalEntry entry) {
  entry.generation = generation_;
  absl::MutexLock lock(&mutex_);
  if (!health_.ok()) return health_;
  entry.number = next_number_;
  const std::string bytes = EncodeJournalEntry(entry);
  if (!WriteAll(fd_, bytes) || fdatasync(fd_) != 0) {
    health_ = absl::UnavailableError(
        fmt::format("{}: the journal of revocations can't be written ({}): nobody can be removed until a restart",
                    path_, std::strerror(errno)));
    return health_;
  }
  durable_bytes_ += bytes.size();
  return next_number_++;
}

absl::StatusOr<uint64_t> FileJournal::Append(const mailbox::Revocation& revocation) {
  JournalEntry entry;
  entry.kind = revocation.devices.empty() ? Kind::kDelete : Kind::kRevoke;
  entry.revocation = revocation;
  return Write(std::move(entry));
}

void FileJournal::Void(uint64_t number) {
  JournalEntry entry;
  entry.kind = Kind::kVoid;
  entry.revocation.time_ms = clock_.NowMs();
  entry.about = number;
  (void)Write(std::move(entry));  // the next start compares
}

absl::Status FileJournal::NoteChecked(uint64_t number) {
  JournalEntry entry;
  entry.kind = Kind::kChecked;
  entry.revocation.time_ms = clock_.NowMs();
  entry.about = number;
  return Write(std::move(entry)).status();
}

uint64_t FileJournal::durable_bytes() const {
  absl::MutexLock lock(&mutex_);
  return durable_bytes_;
}

absl::Status FileJournal::Health() const {
  absl::MutexLock lock(&mutex_);
  return health_;
}

}  // namespace labyrinth::journal
