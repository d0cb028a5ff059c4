#include "service/auth/key_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "common/bytes.h"

namespace labyrinth::service {
namespace {

absl::Status Fail(const std::string& path, std::string_view why) {
  return absl::FailedPreconditionError(fmt::format("{}: {}", path, why));
}

absl::Status FailErrno(const std::string& path, std::string_view what) {
  const int error = errno;
  return Fail(path, fmt::format("{}: {}", what, std::strerror(error)));
}

// NOT_FOUND if there is no file.
absl::StatusOr<crypto::Secret> Load(const std::string& path, std::size_t size) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0) return errno == ENOENT ? absl::NotFoundError(path) : FailErrno(path, "can't be opened");
  const absl::Cleanup close_fd = [fd] { close(fd); };
  struct stat st {};
  if (fstat(fd, &st) != 0) return FailErrno(path, "can't be examined");
  if (!S_ISREG(st.st_mode)) return Fail(path, "is not a regular file");
  if ((st.st_mode & 077) != 0) return Fail(path, "others may read this key; chmod 600 it, or remove it for a new one");
  if (st.st_size != static_cast<off_t>(size)) return Fail(path, fmt::format("is not a key of {} bytes", size));
  crypto::Secret key(size);
  if (read(fd, key.MutableSecret().data(), size) != static_cast<ssize_t>(size)) return FailErrno(path, "can't be read");
  return key;
}

// Whole or not at all: written under another name, then linked, which fails if somebody else was first.
absl::Status Create(const std::string& path, const crypto::Secret& key, RandomSource& random) {
  const std::string temporary = fmt::format("{}.{}.new", path, ToHex(random.Bytes(8)));
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return FailErrno(path, "can't be created");
  const absl::Cleanup tidy = [fd, &temporary] {
    close(fd);
    unlink(temporary.c_str());
  };
  const std::string_view bytes = key.RevealSecret();
  if (write(fd, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size()) || fsync(fd) != 0) {
    return FailErrno(path, "can't be written");
  }
  if (link(temporary.c_str(), path.c_str()) != 0 && errno != EEXIST) return FailErrno(path, "can't be created");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<crypto::Secret> LoadOrCreateKeyFile(const std::string& path, std::size_t size, RandomSource& random) {
  auto existing = Load(path, size);
  if (!absl::IsNotFound(existing.status())) return existing;
  const crypto::Secret fresh = crypto::RandomSecret(size, random);
  if (const absl::Status status = Create(path, fresh, random); !status.ok()) return status;
  existing = Load(path, size);  // whoever was first
  if (absl::IsNotFound(existing.status())) return Fail(path, "was removed while it was being made");
  return existing;
}

}  // namespace labyrinth::service
