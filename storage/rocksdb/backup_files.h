// RocksDB's list of one backup's files, and a look at each byte of them.
#ifndef LABYRINTH_STORAGE_ROCKSDB_BACKUP_FILES_H_
#define LABYRINTH_STORAGE_ROCKSDB_BACKUP_FILES_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace labyrinth::storage {

struct BackedUpFile {
  std::string path;  // below the set's directory
  uint32_t crc32c = 0;
};

// The text of set-N/meta/NUMBER, as RocksDB 7.8 writes it: a time, a sequence number, a count, and "PATH crc32 VALUE"
// for each file. DATA_LOSS for anything else.
absl::StatusOr<std::vector<BackedUpFile>> ParseBackupMeta(std::string_view text);

// Reads the file; `on_bytes` hears of each part's size, and ends the reading with CANCELLED by false. Returns "" if all
// is well, else what is wrong with it.
absl::StatusOr<std::string> CheckFile(const std::string& path, uint32_t crc32c,
                                      const std::function<bool(std::size_t)>& on_bytes);

}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_ROCKSDB_BACKUP_FILES_H_
