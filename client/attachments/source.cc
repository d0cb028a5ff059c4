#include "client/attachments/source.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include "client/transfer/text.h"

namespace labyrinth::client {
namespace {

class FileSource final : public AttachmentSource {
 public:
  FileSource(std::string path, int file, uint64_t size_bytes)
      : path_(std::move(path)), file_(file), size_bytes_(size_bytes) {}
  ~FileSource() override { ::close(file_); }

  uint64_t size_bytes() const override { return size_bytes_; }

  absl::StatusOr<std::size_t> Read(std::span<char> buffer) override {
    for (;;) {
      const ssize_t n = ::read(file_, buffer.data(), buffer.size());
      if (n >= 0) return static_cast<std::size_t>(n);
      if (errno != EINTR) return Failed("read");
    }
  }

  absl::Status Rewind() override { return ::lseek(file_, 0, SEEK_SET) == 0 ? absl::OkStatus() : Failed("read"); }

 private:
  absl::Status Failed(std::string_view what) const {
    return absl::FailedPreconditionError(fmt::format("{}: can't be {}: {}", Printable(path_), what, strerror(errno)));
  }

  const std::string path_;
  const int file_;
  const uint64_t size_bytes_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<AttachmentSource>> OpenAttachmentFile(const std::string& path) {
  // O_NONBLOCK: a pipe without a writer must not hang.
  const int file = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (file < 0 && errno == ENOENT) return absl::NotFoundError(fmt::format("{}: no such file", Printable(path)));
  if (file < 0) return absl::FailedPreconditionError(fmt::format("{}: {}", Printable(path), strerror(errno)));
  struct stat info;
  const bool known = ::fstat(file, &info) == 0;
  if (!known || !S_ISREG(info.st_mode)) {
    ::close(file);
    return absl::FailedPreconditionError(fmt::format("{}: not a regular file", Printable(path)));
  }
  return std::make_unique<FileSource>(path, file, static_cast<uint64_t>(info.st_size));
}

}  // namespace labyrinth::client
