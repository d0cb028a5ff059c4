// What the committer can be asked to write.
#ifndef LABYRINTH_STORAGE_ROCKSDB_QUEUED_WRITE_H_
#define LABYRINTH_STORAGE_ROCKSDB_QUEUED_WRITE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "absl/time/time.h"
#include "storage/blob_store.h"
#include "storage/engine.h"

namespace labyrinth::storage {

struct BlobChunk {
  uint64_t offset = 0;
  std::string data;
};

// One change of one blob. Its result is a CommitResult without a position; kConflict carries an error here.
struct BlobWrite {
  BlobName name;
  std::optional<BlobChunk> chunk;  // nullopt deletes the blob
  absl::Time deadline = absl::InfiniteFuture();
};

// One row again, unchanged: a log that a flush made new gets a number to hold against the manifest (log_check.h).
struct LogMark {
  absl::Time deadline = absl::InfiniteFuture();
};

using QueuedWrite = std::variant<CommitRequest, BlobWrite, LogMark>;

}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_ROCKSDB_QUEUED_WRITE_H_
