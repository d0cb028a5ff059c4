#include "client/attachments/target_file.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <utility>

#include "client/transfer/text.h"

namespace labyrinth::client {
namespace {

absl::Status Failed(const std::string& path, std::string_view what, int error) {
  const std::string text = fmt::format("{}: can't be {}: {}", Printable(path), what, strerror(error));
  return error == EEXIST ? absl::AlreadyExistsError(text) : absl::FailedPreconditionError(text);
}

}  // namespace

absl::StatusOr<TargetFile> TargetFile::Create(const std::string& path) {
  std::string written_as = fmt::format("{}{}XXXXXX{}", path.substr(0, path.rfind('/') + 1), kPrefix, kSuffix);
  const int file = ::mkostemps(written_as.data(), sizeof(kSuffix) - 1, O_CLOEXEC);
  if (file < 0) return Failed(path, "made", errno);
  return TargetFile(path, std::move(written_as), file);
}

TargetFile::TargetFile(TargetFile&& other) noexcept
    : path_(std::move(other.path_)), written_as_(std::move(other.written_as_)), file_(std::exchange(other.file_, -1)) {}

TargetFile::~TargetFile() {
  if (file_ < 0) return;
  ::close(file_);
  ::unlink(written_as_.c_str());
}

absl::Status TargetFile::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(file_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Failed(path_, "written", errno);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return absl::OkStatus();
}

absl::Status TargetFile::Commit() {
  if (::fsync(file_) != 0) return Failed(path_, "written", errno);
  int error = 0;
  if (::renameat2(AT_FDCWD, written_as_.c_str(), AT_FDCWD, path_.c_str(), RENAME_NOREPLACE) != 0) error = errno;
  if (error == EINVAL || error == ENOSYS) {
    // File systems without that flag have links.
    error = ::link(written_as_.c_str(), path_.c_str()) == 0 ? 0 : errno;
    if (error == 0) ::unlink(written_as_.c_str());
  }
  if (error != 0) return Failed(path_, "made", error);
  ::close(std::exchange(file_, -1));
  return absl::OkStatus();
}

}  // namespace labyrinth::client
