#include "tools/labyrinth/code_file.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <string.h>
#include <unistd.h>

#include "absl/cleanup/cleanup.h"
#include "client/transfer/text.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/terminal.h"

namespace labyrinth::cli {
namespace {

// A code has 40 characters, some hyphens and a line feed.
constexpr std::size_t kCodeFileBytes = 256;

std::string Why(const std::string& path) { return fmt::format("{}: {}", client::Printable(path), strerror(errno)); }

}  // namespace

absl::StatusOr<crypto::Secret> ReadCode(const std::string& path) {
  if (path.empty()) {
    if (!HasPerson()) return Usage("--code-file: required where there is no terminal to ask on");
    return AskSecret("Recovery code: ");
  }
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return errno == ENOENT ? absl::NotFoundError(Why(path)) : absl::FailedPreconditionError(Why(path));
  absl::Cleanup close = [file] { ::close(file); };
  crypto::Secret buffer(kCodeFileBytes + 1);
  std::size_t size = 0;
  while (size < buffer.size()) {
    const ssize_t n = ::read(file, buffer.MutableSecret().data() + size, buffer.size() - size);
    if (n < 0) return absl::FailedPreconditionError(Why(path));
    if (n == 0) break;
    size += static_cast<std::size_t>(n);
  }
  if (size > kCodeFileBytes) {
    return absl::FailedPreconditionError(fmt::format("{}: too large for a recovery code", client::Printable(path)));
  }
  return crypto::Secret::CopyOf(buffer.RevealSecret().substr(0, size));
}

absl::StatusOr<NewCodeFile> NewCodeFile::Create(const std::string& path) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file >= 0) return NewCodeFile(file, path);
  return errno == EEXIST ? absl::AlreadyExistsError(Why(path)) : absl::FailedPreconditionError(Why(path));
}

NewCodeFile::NewCodeFile(NewCodeFile&& other) noexcept
    : file_(std::exchange(other.file_, -1)), path_(std::move(other.path_)) {}

NewCodeFile::~NewCodeFile() {
  if (file_ < 0) return;
  ::close(file_);
  ::unlink(path_.c_str());
}

absl::Status NewCodeFile::Write(const crypto::Secret& code) {
  const auto put = [this](std::string_view bytes) {
    return ::write(file_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
  };
  if (!put(code.RevealSecret()) || !put("\n") || ::fsync(file_) != 0) {
    return absl::FailedPreconditionError(Why(path_));
  }
  ::close(std::exchange(file_, -1));
  return absl::OkStatus();
}

}  // namespace labyrinth::cli
