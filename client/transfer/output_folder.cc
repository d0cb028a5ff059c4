#include "client/transfer/output_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "client/transfer/text.h"

namespace labyrinth::client {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kWriteBytes = 256 * 1024;

absl::Status Failed(const std::string& path, std::string_view what) {
  return absl::FailedPreconditionError(fmt::format("{}: can't be {}: {}", Printable(path), what, strerror(errno)));
}

absl::Status CheckFolder(const std::string& path) {
  struct stat info;
  if (::stat(path.c_str(), &info) != 0) return Failed(path, "opened");
  if (S_ISDIR(info.st_mode)) return absl::OkStatus();
  errno = ENOTDIR;
  return Failed(path, "used");
}

absl::Status MakeFolder(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return Failed(path, "made");
  return CheckFolder(path);
}

}  // namespace

OutputFile::OutputFile(OutputFile&& other) noexcept
    : file_(std::exchange(other.file_, -1)),
      path_(std::move(other.path_)),
      written_as_(std::move(other.written_as_)),
      buffer_(std::move(other.buffer_)) {}

OutputFile::~OutputFile() {
  if (file_ < 0) return;
  ::close(file_);
  if (written_as_ != path_) ::unlink(written_as_.c_str());
}

absl::Status OutputFile::Write(std::string_view bytes) {
  buffer_ += bytes;
  return buffer_.size() < kWriteBytes ? absl::OkStatus() : Flush();
}

absl::Status OutputFile::Flush() {
  std::string_view rest = buffer_;
  while (!rest.empty()) {
    const ssize_t n = ::write(file_, rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Failed(written_as_, "written");
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  buffer_.clear();
  return absl::OkStatus();
}

absl::Status OutputFile::Commit() {
  if (absl::Status s = Flush(); !s.ok()) return s;
  if (::rename(written_as_.c_str(), path_.c_str()) != 0) return Failed(path_, "renamed");
  ::close(std::exchange(file_, -1));
  return absl::OkStatus();
}

absl::StatusOr<OutputFolder> OutputFolder::Open(const std::string& path) {
  if (absl::Status s = MakeFolder(path); !s.ok()) return s;
  return OutputFolder(path);
}

absl::StatusOr<OutputFolder> OutputFolder::OpenExisting(const std::string& path) {
  if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) {
    return absl::NotFoundError(fmt::format("{}: no such folder", Printable(path)));
  }
  if (absl::Status s = CheckFolder(path); !s.ok()) return s;
  return OutputFolder(path);
}

absl::Status OutputFolder::MakeSubfolder(const std::string& name) const { return MakeFolder(At(name)); }

absl::StatusOr<bool> OutputFolder::IsEmpty() const {
  std::error_code error;
  for (fs::directory_iterator it(path_, error), end; !error && it != end; it.increment(error)) {
    return false;
  }
  if (error) return absl::FailedPreconditionError(fmt::format("{}: {}", Printable(path_), error.message()));
  return true;
}

bool OutputFolder::Has(const std::string& name) const {
  std::error_code ignored;
  return fs::exists(At(name), ignored);
}

absl::StatusOr<OutputFile> OutputFolder::Create(const std::string& name) const {
  OutputFile out(At(name), At(name) + ".partial");
  out.file_ = ::open(out.written_as_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (out.file_ < 0) return Failed(out.written_as_, "made");
  return out;
}

absl::StatusOr<OutputFile> OutputFolder::Append(const std::string& name) const {
  OutputFile out(At(name), At(name));
  out.file_ = ::open(out.path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (out.file_ < 0) return Failed(out.path_, "opened");
  return out;
}

absl::StatusOr<bool> OutputFolder::Read(const std::string& name, absl::FunctionRef<void(std::string_view)> take) const {
  const std::string path = At(name);
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0 && errno == ENOENT) return false;
  if (file < 0) return Failed(path, "opened");
  absl::Cleanup close = [file] { ::close(file); };
  std::array<char, 64 * 1024> buffer;
  for (ssize_t n; (n = ::read(file, buffer.data(), buffer.size())) != 0;) {
    if (n < 0) return Failed(path, "read");
    take({buffer.data(), static_cast<std::size_t>(n)});
  }
  return true;
}

absl::Status OutputFolder::Remove(const std::string& name) const {
  if (::unlink(At(name).c_str()) != 0 && errno != ENOENT) return Failed(At(name), "removed");
  return absl::OkStatus();
}

absl::Status OutputFolder::Sync() const {
  const int handle = ::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (handle < 0) return Failed(path_, "opened");
  absl::Cleanup close = [handle] { ::close(handle); };
  return ::syncfs(handle) == 0 ? absl::OkStatus() : Failed(path_, "synced");
}

}  // namespace labyrinth::client
