#include "storage/rocksdb/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>

namespace labyrinth::storage {
namespace {

namespace fs = std::filesystem;

absl::Status Failed(const std::string& path, std::string_view why) {
  return absl::UnavailableError(fmt::format("{}: {}", path, why));
}
absl::Status Failed(const std::string& path) { return Failed(path, std::strerror(errno)); }

absl::Status SyncEntry(const std::string& path, int flags) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | flags);
  if (fd < 0) return Failed(path);
  const absl::Status status = fsync(fd) == 0 ? absl::OkStatus() : Failed(path);
  close(fd);
  return status;
}

}  // namespace

absl::Status SyncDir(const std::string& path) { return SyncEntry(path, O_DIRECTORY); }

absl::Status SyncTree(const std::string& path) {
  std::error_code error;
  for (fs::recursive_directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    const bool directory = it->is_directory(error);
    if (error) break;
    if (absl::Status synced = SyncEntry(it->path().string(), directory ? O_DIRECTORY : 0); !synced.ok()) return synced;
  }
  if (error) return Failed(path, error.message());
  return SyncDir(path);
}

absl::Status WriteDurably(const std::string& path, const std::string& text) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return Failed(path);
  const bool written = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) && fsync(fd) == 0;
  const absl::Status status = written ? absl::OkStatus() : Failed(path);
  close(fd);
  return status;
}

absl::Status ReplaceDurably(const std::string& path, const std::string& text) {
  const std::string fresh = path + ".new";
  if (absl::Status written = WriteDurably(fresh, text); !written.ok()) return written;
  if (rename(fresh.c_str(), path.c_str()) != 0) return Failed(path);
  return SyncDir(fs::path(path).parent_path().string());
}

absl::StatusOr<std::string> ReadWhole(const std::string& path, std::size_t max_bytes) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return Failed(path);
  std::string bytes(max_bytes + 1, '\0');
  std::size_t size = 0;
  ssize_t got = 0;
  while (size < bytes.size() && (got = read(fd, bytes.data() + size, bytes.size() - size)) > 0) {
    size += static_cast<std::size_t>(got);
  }
  const absl::Status status = got >= 0 ? absl::OkStatus() : Failed(path);
  close(fd);
  if (!status.ok()) return status;
  if (size > max_bytes) return Failed(path, "longer than such a file can be");
  bytes.resize(size);
  return bytes;
}

}  // namespace labyrinth::storage
