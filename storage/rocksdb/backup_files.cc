#include "storage/rocksdb/backup_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "common/crc32c.h"

namespace labyrinth::storage {
namespace {

constexpr std::size_t kPartBytes = std::size_t{1} << 20;
constexpr std::string_view kBetween = " crc32 ";

bool TakeLine(std::string_view& text, std::string_view& line) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return false;
  line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return true;
}

template <typename Number>
bool ParseNumber(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

// Names go into paths: below the set, and nowhere else.
bool IsInside(std::string_view path) {
  return !path.empty() && path.front() != '/' && path.find("..") == std::string_view::npos;
}

}  // namespace

absl::StatusOr<std::vector<BackedUpFile>> ParseBackupMeta(std::string_view text) {
  const absl::Status damaged = absl::DataLossError("its list of files can't be read");
  std::string_view line;
  uint64_t number = 0, count = 0;
  if (!TakeLine(text, line) || !ParseNumber(line, number)) return damaged;  // time
  if (!TakeLine(text, line) || !ParseNumber(line, number)) return damaged;  // sequence number
  if (!TakeLine(text, line) || !ParseNumber(line, count)) return damaged;
  std::vector<BackedUpFile> files;
  while (TakeLine(text, line)) {
    const std::size_t between = line.find(kBetween);
    if (between == std::string_view::npos) return damaged;
    BackedUpFile file{.path = std::string(line.substr(0, between))};
    std::string_view value = line.substr(between + kBetween.size());
    value = value.substr(0, value.find(' '));  // what a file's line may go on with
    if (!IsInside(file.path) || !ParseNumber(value, file.crc32c)) return damaged;
    files.push_back(std::move(file));
  }
  if (!text.empty() || files.size() != count) return damaged;
  return files;
}

absl::StatusOr<std::string> CheckFile(const std::string& path, uint32_t crc32c,
                                      const std::function<bool(std::size_t)>& on_bytes) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno == ENOENT ? std::string("missing") : fmt::format("cannot be read: {}", std::strerror(errno));
  posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  std::string part(kPartBytes, '\0');
  uint32_t found = 0;
  ssize_t got = 0;
  bool go_on = true;
  while (go_on && (got = read(fd, part.data(), part.size())) > 0) {
    const auto size = static_cast<std::size_t>(got);
    found = ExtendCrc32c(found, std::string_view(part).substr(0, size));
    go_on = on_bytes(size);
  }
  const std::string why = got < 0 ? fmt::format("cannot be read: {}", std::strerror(errno)) : "";
  close(fd);
  if (!go_on) return absl::CancelledError("cancelled");
  if (!why.empty()) return why;
  return found == crc32c ? "" : "its checksum is another";
}

}  // namespace labyrinth::storage
