// A directory of backups: whose it is, and what it holds.
//
//   DIR/FORMAT          one line, "labyrinth-backups 1"
//   DIR/LOCK            held by the one process that makes or removes backups
//   DIR/set-1/          the files of one full backup and of those that followed it: RocksDB's BackupEngine
//   DIR/1.3.backup      the record of backup 1.3 (backup_record.h): written last, removed first
//
// A backup is one if, and only if, its record is there. Whatever an interrupted run left in a set has none; the next
// run removes it.
#ifndef LABYRINTH_STORAGE_ROCKSDB_BACKUP_DIR_H_
#define LABYRINTH_STORAGE_ROCKSDB_BACKUP_DIR_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/rocksdb/backup_record.h"

namespace labyrinth::storage {

inline constexpr int kBackupFormatVersion = 1;

// Move-only, thread-compatible.
class BackupDir {
 public:
  // For list, verify and restore: changes nothing, takes no lock. FAILED_PRECONDITION in one line that names the path
  // and what to do, unless it is a directory of backups of this version.
  static absl::StatusOr<BackupDir> Open(const std::string& path);
  // For making backups: makes the directory (mode 0700) if it isn't there or empty, and locks it. As Open; also
  // FAILED_PRECONDITION if another process makes a backup there; UNAVAILABLE if the disk refuses.
  static absl::StatusOr<BackupDir> OpenToWrite(const std::string& path);

  BackupDir(BackupDir&& other) noexcept;
  BackupDir& operator=(BackupDir&&) = delete;
  ~BackupDir();

  const std::string& path() const { return path_; }
  std::string SetPath(uint32_t set) const;
  // RocksDB's list of a backup's files.
  std::string MetaPath(const BackupName& name) const;
  std::string RecordPath(const BackupName& name) const;

  // Of every record that is there, oldest first. UNAVAILABLE.
  absl::StatusOr<std::vector<BackupName>> Names() const;
  // DATA_LOSS that names the file if the record is damaged; NOT_FOUND.
  absl::StatusOr<BackupRecord> Load(const BackupName& name) const;
  // The highest number of a set that is there, whole or not; 0: none.
  absl::StatusOr<uint32_t> NewestSet() const;

  absl::Status Keep(const BackupRecord& record) const;
  absl::Status Forget(const BackupName& name) const;

 private:
  BackupDir(std::string path, int lock_fd) : path_(std::move(path)), lock_fd_(lock_fd) {}

  std::string path_;
  int lock_fd_;  // -1: not locked
};

}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_ROCKSDB_BACKUP_DIR_H_
