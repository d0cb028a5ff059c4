#include "storage/rocksdb/backup_dir.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <utility>

#include "storage/rocksdb/files.h"

namespace labyrinth::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFormatName = "labyrinth-backups";
constexpr std::string_view kRecordSuffix = ".backup";
constexpr std::string_view kSetPrefix = "set-";
constexpr std::size_t kMaxRecordBytes = 64 << 10;

absl::Status Refuse(const std::string& path, std::string_view why) {
  return absl::FailedPreconditionError(fmt::format("{}: {}", path, why));
}

absl::Status CheckFormat(const std::string& path) {
  const std::string file = path + "/FORMAT";
  std::error_code error;
  if (!fs::exists(file, error)) return Refuse(path, "not a directory of Labyrinth backups (it has no file FORMAT)");
  const auto text = ReadWhole(file, 256);
  if (!text.ok()) return text.status();
  const std::string expected = fmt::format("{} {}\n", kFormatName, kBackupFormatVersion);
  if (*text == expected) return absl::OkStatus();
  std::string_view rest = *text;
  if (rest.starts_with(fmt::format("{} ", kFormatName)) && rest.ends_with('\n')) {
    rest.remove_prefix(kFormatName.size() + 1);
    rest.remove_suffix(1);
    int version = 0;
    const auto [end, bad] = std::from_chars(rest.data(), rest.data() + rest.size(), version);
    if (bad == std::errc() && end == rest.data() + rest.size() && version > kBackupFormatVersion) {
      return Refuse(path, fmt::format("backups of format version {}, but this program knows {}: use a newer one",
                                      version, kBackupFormatVersion));
    }
  }
  return Refuse(file, "damaged, or not of Labyrinth backups");
}

// Only what is empty becomes a directory of backups; a fresh volume has lost+found.
absl::Status Make(const std::string& path) {
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return Refuse(path, fmt::format("cannot be made: {}", std::strerror(errno)));
  }
  std::error_code error;
  if (!fs::is_directory(path, error)) return Refuse(path, "not a directory");
  if (fs::exists(path + "/FORMAT", error)) return absl::OkStatus();
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name != "lost+found" && name != "LOCK" && name != "FORMAT.new") {
      return Refuse(path, fmt::format("not a directory of Labyrinth backups, and not empty (it holds \"{}\"): name "
                                      "another",
                                      name));
    }
  }
  if (error) return Refuse(path, fmt::format("cannot be read: {}", error.message()));
  return ReplaceDurably(path + "/FORMAT", fmt::format("{} {}\n", kFormatName, kBackupFormatVersion));
}

}  // namespace

absl::StatusOr<BackupDir> BackupDir::Open(const std::string& path) {
  if (absl::Status checked = CheckFormat(path); !checked.ok()) return checked;
  return BackupDir(path, -1);
}

absl::StatusOr<BackupDir> BackupDir::OpenToWrite(const std::string& path) {
  if (absl::Status made = Make(path); !made.ok()) return made;
  if (absl::Status checked = CheckFormat(path); !checked.ok()) return checked;
  const int fd = open((path + "/LOCK").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return Refuse(path, fmt::format("cannot be used: {}", std::strerror(errno)));
  BackupDir dir(path, fd);
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) return Refuse(path, "another process is making a backup there");
  return dir;
}

BackupDir::BackupDir(BackupDir&& other) noexcept
    : path_(std::move(other.path_)), lock_fd_(std::exchange(other.lock_fd_, -1)) {}

BackupDir::~BackupDir() {
  if (lock_fd_ >= 0) close(lock_fd_);
}

std::string BackupDir::SetPath(uint32_t set) const { return fmt::format("{}/{}{}", path_, kSetPrefix, set); }

std::string BackupDir::MetaPath(const BackupName& name) const {
  return fmt::format("{}/meta/{}", SetPath(name.set), name.number);
}

std::string BackupDir::RecordPath(const BackupName& name) const {
  return fmt::format("{}/{}{}", path_, name.text(), kRecordSuffix);
}

absl::StatusOr<std::vector<BackupName>> BackupDir::Names() const {
  std::vector<BackupName> names;
  std::error_code error;
  for (fs::directory_iterator it(path_, error), end; !error && it != end; it.increment(error)) {
    const std::string file = it->path().filename().string();
    if (!file.ends_with(kRecordSuffix)) continue;
    const auto name = BackupName::Parse(std::string_view(file).substr(0, file.size() - kRecordSuffix.size()));
    if (name.has_value()) names.push_back(*name);
  }
  if (error) return absl::UnavailableError(fmt::format("{}: {}", path_, error.message()));
  std::sort(names.begin(), names.end());
  return names;
}

absl::StatusOr<BackupRecord> BackupDir::Load(const BackupName& name) const {
  const std::string path = RecordPath(name);
  std::error_code error;
  if (!fs::exists(path, error))
    return absl::NotFoundError(fmt::format("{}: there is no backup {}", path_, name.text()));
  const auto text = ReadWhole(path, kMaxRecordBytes);
  if (!text.ok()) return text.status();
  auto record = DecodeBackupRecord(*text);
  if (!record.has_value() || record->name != name) return absl::DataLossError(fmt::format("{}: damaged", path));
  return *std::move(record);
}

absl::StatusOr<uint32_t> BackupDir::NewestSet() const {
  uint32_t newest = 0;
  std::error_code error;
  for (fs::directory_iterator it(path_, error), end; !error && it != end; it.increment(error)) {
    const std::string file = it->path().filename().string();
    if (!file.starts_with(kSetPrefix)) continue;
    uint32_t set = 0;
    const char* const last = file.data() + file.size();
    const auto [parsed, bad] = std::from_chars(file.data() + kSetPrefix.size(), last, set);
    if (bad == std::errc() && parsed == last) newest = std::max(newest, set);
  }
  if (error) return absl::UnavailableError(fmt::format("{}: {}", path_, error.message()));
  return newest;
}

absl::Status BackupDir::Keep(const BackupRecord& record) const {
  return ReplaceDurably(RecordPath(record.name), EncodeBackupRecord(record));
}

absl::Status BackupDir::Forget(const BackupName& name) const {
  const std::string path = RecordPath(name);
  if (unlink(path.c_str()) != 0) return absl::UnavailableError(fmt::format("{}: {}", path, std::strerror(errno)));
  return SyncDir(path_);
}

}  // namespace labyrinth::storage
