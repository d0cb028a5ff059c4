// The directory of a store: whose it is, and in which format.
//
//   PATH/LOCK      held by the one process that has the store open
//   PATH/FORMAT    one line, "labyrinth-rocksdb 1"
//   PATH/db/       RocksDB's files, mode 0700
//   PATH/RESTORING  while a restore is at work (restore.h): nobody else opens the store
//
// FORMAT is read before RocksDB sees the directory, for merely opening an unknown format could rewrite it. A store that
// is being made has FORMAT.new instead, renamed when RocksDB has made its part: so an interrupted creation is told from
// a store whose files are missing.
#ifndef LABYRINTH_STORAGE_ROCKSDB_STORE_DIR_H_
#define LABYRINTH_STORAGE_ROCKSDB_STORE_DIR_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace labyrinth::storage {

inline constexpr char kRestoringFile[] = "/RESTORING";

// What FORMAT says of a store that this program makes.
std::string StoreFormatLine();

// A claim on the directory; destruction releases it. Move-only, thread-compatible.
class StoreDir {
 public:
  // Makes `path` (mode 0700) if it isn't there, and locks it. FAILED_PRECONDITION with one line that names the path and
  // what to do, if it isn't a directory, can't be used, is open elsewhere, holds other things, is of another format,
  // lacks its data, or is being restored by anybody but the caller (`unfinished_restore`).
  static absl::StatusOr<StoreDir> Claim(const std::string& path, bool unfinished_restore = false);

  StoreDir(StoreDir&& other) noexcept;
  StoreDir& operator=(StoreDir&&) = delete;
  ~StoreDir();

  // True until Finish: the store is being made.
  bool is_new() const { return is_new_; }
  std::string db_dir() const { return path_ + "/db"; }
  const std::string& path() const { return path_; }

  // Makes the new store one for good. UNAVAILABLE if the disk refuses.
  absl::Status Finish();

 private:
  StoreDir(std::string path, int lock_fd) : path_(std::move(path)), lock_fd_(lock_fd) {}

  absl::Status CheckFormat();
  absl::Status PrepareDbDir();

  std::string path_;
  int lock_fd_;
  bool is_new_ = false;
};

}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_ROCKSDB_STORE_DIR_H_
