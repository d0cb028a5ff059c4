// Small files that must be whole or not there at all.
#ifndef LABYRINTH_STORAGE_ROCKSDB_FILES_H_
#define LABYRINTH_STORAGE_ROCKSDB_FILES_H_

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace labyrinth::storage {

// Each UNAVAILABLE "PATH: why", if the disk refuses.

// Makes the directory's entries durable.
absl::Status SyncDir(const std::string& path);
// Every file and directory below `path`, and `path` itself.
absl::Status SyncTree(const std::string& path);
// Writes and syncs the file's bytes; its entry is the directory's matter.
absl::Status WriteDurably(const std::string& path, const std::string& text);
// As a whole or not at all: under another name first, then renamed, entry included.
absl::Status ReplaceDurably(const std::string& path, const std::string& text);
// At most `max_bytes` of it; more is an error too.
absl::StatusOr<std::string> ReadWhole(const std::string& path, std::size_t max_bytes);

}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_ROCKSDB_FILES_H_
