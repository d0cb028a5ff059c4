#include "storage/rocksdb/store_dir.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

#include "storage/rocksdb/files.h"
#include "storage/rocksdb/layout.h"

namespace labyrinth::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFormatName = "labyrinth-rocksdb";

std::string ErrnoText() { return std::strerror(errno); }

absl::Status Refuse(const std::string& path, const std::string& why) {
  return absl::FailedPreconditionError(fmt::format("{}: {}", path, why));
}

// Names one thing in `path` that a store to be made there doesn't expect; "" if there is none. A fresh volume has
// lost+found.
std::string ForeignEntry(const std::string& path, std::error_code& error) {
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name != "lost+found" && name != "LOCK") return name;
  }
  return "";
}

}  // namespace

std::string StoreFormatLine() { return fmt::format("{} {}\n", kFormatName, kRocksdbFormatVersion); }

absl::StatusOr<StoreDir> StoreDir::Claim(const std::string& path, bool unfinished_restore) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (status.type() == fs::file_type::not_found) {
    if (mkdir(path.c_str(), 0700) != 0) return Refuse(path, fmt::format("cannot be made: {}", ErrnoText()));
  } else if (error) {
    return Refuse(path, fmt::format("cannot be read: {}", error.message()));
  } else if (status.type() != fs::file_type::directory) {
    return Refuse(path, "not a directory: name an empty one, or that of a Labyrinth store");
  }

  if (!unfinished_restore && fs::exists(path + kRestoringFile, error)) {
    return Refuse(path, "an unfinished restore: remove this directory, and restore the backup again");
  }

  // A foreign directory gets no lock file from us.
  const bool known = fs::exists(path + "/FORMAT", error) || fs::exists(path + "/FORMAT.new", error);
  if (!known) {
    const std::string foreign = ForeignEntry(path, error);
    if (error) return Refuse(path, fmt::format("cannot be read: {}", error.message()));
    if (!foreign.empty()) {
      return Refuse(
          path, fmt::format("not a Labyrinth store, and not empty (it holds \"{}\"): name another directory", foreign));
    }
  }

  const int lock_fd = open((path + "/LOCK").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_fd < 0) return Refuse(path, fmt::format("cannot be used: {}", ErrnoText()));
  StoreDir dir(path, lock_fd);
  if (flock(lock_fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return Refuse(path, fmt::format("cannot be locked: {}", ErrnoText()));
    return Refuse(path, "open in another process: stop that one first, or name another directory");
  }
  if (absl::Status checked = dir.CheckFormat(); !checked.ok()) return checked;
  if (absl::Status prepared = dir.PrepareDbDir(); !prepared.ok()) return prepared;
  return dir;
}

StoreDir::StoreDir(StoreDir&& other) noexcept
    : path_(std::move(other.path_)), lock_fd_(std::exchange(other.lock_fd_, -1)), is_new_(other.is_new_) {}

StoreDir::~StoreDir() {
  if (lock_fd_ >= 0) close(lock_fd_);
}

absl::Status StoreDir::CheckFormat() {
  std::error_code error;
  if (!fs::exists(path_ + "/FORMAT", error)) {
    is_new_ = true;
    if (absl::Status written = WriteDurably(path_ + "/FORMAT.new", StoreFormatLine()); !written.ok()) return written;
    return SyncDir(path_);
  }
  std::ifstream file(path_ + "/FORMAT");
  std::string name;
  uint64_t version = 0;
  if (!(file >> name >> version) || name != kFormatName || version == 0) {
    return Refuse(path_,
                  "the file FORMAT is not one of a Labyrinth store: restore a backup, or name another directory");
  }
  if (version != kRocksdbFormatVersion) {
    return Refuse(path_, fmt::format("format version {}, but this program knows {}: start the version of labyrinthd "
                                     "that wrote it, or a newer one",
                                     version, kRocksdbFormatVersion));
  }
  if (!fs::exists(db_dir() + "/CURRENT", error)) {
    return Refuse(path_, "the store's data (db/) is missing: mount its volume, or restore a backup");
  }
  return absl::OkStatus();
}

absl::Status StoreDir::PrepareDbDir() {
  if (mkdir(db_dir().c_str(), 0700) != 0 && errno != EEXIST) {
    return Refuse(path_, fmt::format("cannot be written: {}", ErrnoText()));
  }
  if (chmod(db_dir().c_str(), 0700) != 0) return Refuse(path_, fmt::format("cannot be made private: {}", ErrnoText()));
  return absl::OkStatus();
}

absl::Status StoreDir::Finish() {
  if (!is_new_) return absl::OkStatus();
  if (rename((path_ + "/FORMAT.new").c_str(), (path_ + "/FORMAT").c_str()) != 0) {
    return absl::UnavailableError(fmt::format("{}: {}", path_, ErrnoText()));
  }
  // A commit is durable only if its whole path is: the entries of FORMAT and db/, and that of the directory itself.
  if (absl::Status synced = SyncDir(path_); !synced.ok()) return synced;
  if (absl::Status synced = SyncDir(path_ + "/.."); !synced.ok()) return synced;
  is_new_ = false;
  return absl::OkStatus();
}

}  // namespace labyrinth::storage
