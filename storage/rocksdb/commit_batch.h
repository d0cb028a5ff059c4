// Many commits as one write: each decided on top of those before it.
#ifndef LABYRINTH_STORAGE_ROCKSDB_COMMIT_BATCH_H_
#define LABYRINTH_STORAGE_ROCKSDB_COMMIT_BATCH_H_

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/engine.h"
#include "storage/rocksdb/layout.h"
#include "storage/rocksdb/partition_cache.h"
#include "storage/rocksdb/queued_write.h"

namespace labyrinth::storage {

// Compares each commit with its partition as the commits staged before leave it, so that several of one partition can
// share a sync. What Stage returns holds if, and only if, the batch is written: a conflict may be with a commit of the
// same batch. Rows are written in the order of their keys, each once: a memtable's search for a place, which is most
// of what a write costs, then goes on where the last one ended. Thread-compatible; nothing else writes while a batch is
// being made.
class CommitBatch {
 public:
  // Adds to `batch`, which outlives it, as `partitions` do. `next_number` is the lowest partition number that was never
  // used.
  CommitBatch(::rocksdb::DB* db, ::rocksdb::ColumnFamilyHandle* records, PartitionCache& partitions,
              uint64_t next_number, ::rocksdb::WriteBatch& batch);

  // The request outlives the batch. kCommitted, kConflict, or kFailed with DATA_DAMAGED or ENGINE_UNAVAILABLE when the
  // partition's record can't be read.
  CommitResult Stage(const CommitRequest& request);
  CommitResult Stage(const LogMark&);

  // Completes the commits' part of the batch; none is staged afterwards, and the batch is written next.
  void Seal();
  // The sealed batch was written.
  void Written();

  uint64_t next_number() const { return next_number_; }

 private:
  struct Staged {
    PartitionRecord record;
    bool changed = false;
  };
  struct Row {
    std::string key;
    std::optional<std::string_view> value;  // nullopt: deleted
  };

  absl::StatusOr<Staged*> Find(const std::string& name);
  void StageDrop(const CommitRequest& request, PartitionRecord& record);
  void StageWrites(const CommitRequest& request, PartitionRecord& record);
  void SetWake(const std::string& name, int64_t wake_at_ms, PartitionRecord& record);

  ::rocksdb::DB* const db_;
  ::rocksdb::ColumnFamilyHandle* const records_;
  PartitionCache& partitions_;
  uint64_t next_number_;
  bool write_number_ = false;
  ::rocksdb::WriteBatch& batch_;
  std::unordered_map<std::string, Staged> staged_;
  std::vector<Row> rows_;             // as they were staged
  std::vector<uint64_t> dropped_;     // partition numbers, which nothing is written under any more
  std::vector<std::string> encoded_;  // values that no request holds
};

}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_ROCKSDB_COMMIT_BATCH_H_
