#include "client/private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <utility>

namespace labyrinth::client {
namespace {

constexpr char kLockName[] = "lock";

absl::Status Errno(std::string_view what, int error) {
  return absl::FailedPreconditionError(fmt::format("profile: {}: {}", what, std::strerror(error)));
}

absl::Status Refuse(std::string_view why) { return absl::FailedPreconditionError(fmt::format("profile: {}", why)); }

// Closes on every path.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

absl::Status CheckOwnerAndMode(const struct stat& info, std::string_view what) {
  if (info.st_uid != geteuid()) return Refuse(fmt::format("the {} belongs to another user", what));
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return Refuse(fmt::format("the {} is open to other users: take their permissions away (chmod go-rwx)", what));
  }
  return absl::OkStatus();
}

absl::Status WriteAll(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Errno("write", errno);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return absl::OkStatus();
}

absl::Status ReadAll(int fd, std::span<uint8_t> out) {
  while (!out.empty()) {
    const ssize_t got = read(fd, out.data(), out.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Errno("read", errno);
    if (got == 0) return Refuse("a file changed while it was read");
    out = out.subspan(static_cast<std::size_t>(got));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<PrivateDirectory> PrivateDirectory::OpenAndLock(const std::string& path) {
  if (mkdir(path.c_str(), S_IRWXU) != 0 && errno != EEXIST) return Errno("cannot make the directory", errno);
  Descriptor directory(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0 && errno == ENOTDIR) return Refuse("the path is not a directory");
  if (directory.get() < 0) return Errno("cannot open the directory", errno);
  struct stat info;
  if (fstat(directory.get(), &info) != 0) return Errno("stat", errno);
  if (absl::Status s = CheckOwnerAndMode(info, "directory"); !s.ok()) return s;

  Descriptor lock(openat(directory.get(), kLockName, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (lock.get() < 0) return Errno("cannot open the lock file", errno);
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return Refuse("in use by another process");
    return Errno("cannot lock", errno);
  }
  return PrivateDirectory(directory.Release(), lock.Release());
}

PrivateDirectory::PrivateDirectory(PrivateDirectory&& other) noexcept
    : directory_(std::exchange(other.directory_, -1)), lock_(std::exchange(other.lock_, -1)) {}

PrivateDirectory& PrivateDirectory::operator=(PrivateDirectory&& other) noexcept {
  if (this != &other) {
    Close();
    directory_ = std::exchange(other.directory_, -1);
    lock_ = std::exchange(other.lock_, -1);
  }
  return *this;
}

PrivateDirectory::~PrivateDirectory() { Close(); }

void PrivateDirectory::Close() {
  if (lock_ >= 0) close(lock_);
  if (directory_ >= 0) close(directory_);
}

absl::StatusOr<std::optional<crypto::Secret>> PrivateDirectory::Read(const std::string& name,
                                                                     std::size_t max_size) const {
  // O_NONBLOCK: opening a fifo that someone put there must not hang.
  Descriptor file(openat(directory_, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (file.get() < 0 && errno == ENOENT) return std::optional<crypto::Secret>();
  if (file.get() < 0 && errno == ELOOP) return Refuse("the keychain is a symbolic link");
  if (file.get() < 0) return Errno("cannot open the keychain", errno);
  struct stat info;
  if (fstat(file.get(), &info) != 0) return Errno("stat", errno);
  if (!S_ISREG(info.st_mode)) return Refuse("the keychain is not a regular file");
  if (absl::Status s = CheckOwnerAndMode(info, "keychain"); !s.ok()) return s;
  if (info.st_size < 0 || static_cast<std::size_t>(info.st_size) > max_size) return Refuse("the keychain is too large");
  crypto::Secret content(static_cast<std::size_t>(info.st_size));
  if (absl::Status s = ReadAll(file.get(), content.MutableSecret()); !s.ok()) return s;
  return std::optional<crypto::Secret>(std::move(content));
}

absl::Status PrivateDirectory::Replace(const std::string& name, std::string_view content, bool* replaced) const {
  *replaced = false;
  const std::string temporary = name + ".tmp";
  if (absl::Status s = RemoveLeftover(name); !s.ok()) return s;
  Descriptor file(
      openat(directory_, temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (file.get() < 0) return Errno("cannot make a file", errno);
  if (absl::Status s = WriteAll(file.get(), content); !s.ok()) return s;
  if (fsync(file.get()) != 0) return Errno("fsync", errno);
  if (renameat(directory_, temporary.c_str(), directory_, name.c_str()) != 0) return Errno("rename", errno);
  *replaced = true;
  if (fsync(directory_) != 0) return Errno("fsync of the directory", errno);
  return absl::OkStatus();
}

absl::Status PrivateDirectory::RemoveLeftover(const std::string& name) const {
  if (unlinkat(directory_, (name + ".tmp").c_str(), 0) != 0 && errno != ENOENT) {
    return Errno("cannot remove a leftover file", errno);
  }
  return absl::OkStatus();
}

}  // namespace labyrinth::client
