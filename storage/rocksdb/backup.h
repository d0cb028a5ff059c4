// Backups of the embedded store: online, incremental, checksummed. docs/STORAGE_FORMAT.md has the directory.
#ifndef LABYRINTH_STORAGE_ROCKSDB_BACKUP_H_
#define LABYRINTH_STORAGE_ROCKSDB_BACKUP_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/rocksdb/backup_record.h"

namespace rocksdb {
class DB;
class Env;
}  // namespace rocksdb

namespace labyrinth::storage {

struct BackupProgress {
  uint64_t done_bytes = 0;
  uint64_t total_bytes = 0;  // an upper bound: what a backup shares with others isn't copied
};

// Hears of progress every few MiB, on any thread, one call at a time. False ends the work with CANCELLED.
using OnBackupProgress = std::function<bool(const BackupProgress&)>;

struct BackupOptions {
  // Copies everything, into a set of its own: a file of an older backup that has rotted isn't relied upon.
  bool full = false;
  // Afterwards the oldest backups go until this many are left; 0 keeps all.
  uint32_t keep = 0;
  // How fast files are read, and written; 0: as fast as the disks are.
  uint64_t bytes_per_second = 0;
  int64_t now_ms = 0;  // when it is made: for people
  std::map<std::string, std::string> labels = {};
  OnBackupProgress on_progress = {};
  ::rocksdb::Env* env = nullptr;  // the seam for tests that break the backups' disk
};

// What RocksdbEngine::Backup does. Every commit that was acknowledged before the call is in the backup, and of those
// made meanwhile a prefix. Nothing of an earlier backup changes, whatever happens: this one counts from the moment that
// its record is there. FAILED_PRECONDITION and UNAVAILABLE in one line that names the path; CANCELLED.
absl::StatusOr<BackupRecord> CreateBackup(::rocksdb::DB* db, const std::string& dir, const BackupOptions& options);

// A backup by its name, or why its record can't be read.
struct ListedBackup {
  BackupName name;
  absl::StatusOr<BackupRecord> record;
};

// Oldest first. FAILED_PRECONDITION as BackupDir::Open.
absl::StatusOr<std::vector<ListedBackup>> ListBackups(const std::string& dir);

struct BackupFinding {
  std::string path;
  std::string what;  // "missing", "4096 bytes instead of 8192", "its checksum is another"
};

struct VerifiedBackups {
  std::vector<BackupName> backups;  // that were looked at
  uint64_t files = 0;
  uint64_t bytes = 0;
  std::vector<BackupFinding> findings;  // none: every byte is as it was written
};

struct VerifyOptions {
  std::vector<BackupName> only = {};  // empty: all
  uint64_t bytes_per_second = 0;
  OnBackupProgress on_progress = {};
};

// Reads every byte, a file that several backups share once. Damage is a finding, not an error. FAILED_PRECONDITION as
// BackupDir::Open; NOT_FOUND for a name of `only`; CANCELLED.
absl::StatusOr<VerifiedBackups> VerifyBackups(const std::string& dir, const VerifyOptions& options);

// Copies the backup's files, checksums compared, to `store_path`, which isn't there yet: a store that nobody opens but
// with RocksdbOptions::unfinished_restore, whatever happens from here on. FAILED_PRECONDITION (`store_path` is there;
// BackupDir::Open), NOT_FOUND, DATA_LOSS (the backup is damaged: names the file), UNAVAILABLE, CANCELLED.
absl::Status RestoreBackup(const std::string& dir, const BackupName& name, const std::string& store_path,
                           const OnBackupProgress& on_progress);

// Makes it a store like any other, under the name of `final_path`, which isn't there. Only then does anything open it.
// The store at `store_path` is closed. UNAVAILABLE.
absl::Status FinishRestore(const std::string& store_path, const std::string& final_path);

}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_ROCKSDB_BACKUP_H_
