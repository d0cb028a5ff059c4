#include "client/attachments/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "crypto/primitives/sha256_stream.h"

namespace labyrinth::client {
namespace {

absl::Status Failed(std::string_view what) {
  return absl::FailedPreconditionError(fmt::format("profile: an attachment can't be {}: {}", what, strerror(errno)));
}

absl::Status WriteAll(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(file, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Failed("kept for its upload");
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return absl::OkStatus();
}

// A plaintext's buffer.
struct Buffer {
  ~Buffer() { crypto::WipeBytes(bytes.data(), bytes.size()); }
  std::array<char, 64 * 1024> bytes;
};

absl::Status ReadAll(AttachmentSource& source, absl::FunctionRef<absl::Status(std::string_view)> take) {
  const auto buffer = std::make_unique<Buffer>();
  for (;;) {
    const auto size = source.Read(buffer->bytes);
    if (!size.ok()) return size.status();
    if (*size == 0) return absl::OkStatus();
    if (absl::Status s = take({buffer->bytes.data(), *size}); !s.ok()) return s;
  }
}

}  // namespace

absl::StatusOr<Spooled> WriteSpool(AttachmentSource& source, const crypto::Secret& content_key,
                                   const std::string& path) {
  auto encrypter = crypto::AttachmentEncrypter::Create(content_key, source.size_bytes());
  if (!encrypter.ok()) return encrypter.status();
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return Failed("kept for its upload");
  absl::Cleanup close = [file] { ::close(file); };
  absl::Cleanup remove = [&path] { ::unlink(path.c_str()); };

  const auto sink = [file](std::string_view ciphertext) { return WriteAll(file, ciphertext); };
  crypto::Sha256Stream file_digest;
  const absl::Status read = ReadAll(source, [&](std::string_view piece) {
    file_digest.Add(piece);
    return encrypter->Add(piece, sink);
  });
  if (!read.ok()) return read;
  const auto digest = encrypter->Finish(sink);
  if (!digest.ok()) return digest.status();
  if (::fsync(file) != 0) return Failed("kept for its upload");
  std::move(remove).Cancel();
  return Spooled{.digest = *digest, .file_digest = file_digest.Finish()};
}

absl::StatusOr<crypto::Sha256Digest> DigestOf(AttachmentSource& source) {
  crypto::Sha256Stream digest;
  const absl::Status read = ReadAll(source, [&](std::string_view piece) {
    digest.Add(piece);
    return absl::OkStatus();
  });
  if (!read.ok()) return read;
  return digest.Finish();
}

absl::StatusOr<SpoolReader> SpoolReader::Open(const std::string& path, uint64_t size_bytes) {
  const int file = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (file < 0) return Failed("read");
  SpoolReader reader(file);
  struct stat info;
  if (::fstat(file, &info) != 0) return Failed("read");
  if (!S_ISREG(info.st_mode) || static_cast<uint64_t>(info.st_size) != size_bytes) {
    return absl::FailedPreconditionError("profile: an attachment that waits for its upload is damaged");
  }
  return reader;
}

SpoolReader::SpoolReader(SpoolReader&& other) noexcept : file_(std::exchange(other.file_, -1)) {}

SpoolReader::~SpoolReader() {
  if (file_ >= 0) ::close(file_);
}

absl::StatusOr<std::string> SpoolReader::Read(uint64_t offset, std::size_t size) const {
  std::string out(size, '\0');
  for (std::size_t done = 0; done < size;) {
    const ssize_t n = ::pread(file_, out.data() + done, size - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Failed("read");
    if (n == 0) return absl::FailedPreconditionError("profile: an attachment that waits for its upload is damaged");
    done += static_cast<std::size_t>(n);
  }
  return out;
}

}  // namespace labyrinth::client
