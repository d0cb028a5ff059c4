// Many blobs' writes as part of one write: each decided on top of those before it.
#ifndef LABYRINTH_STORAGE_ROCKSDB_BLOB_BATCH_H_
#define LABYRINTH_STORAGE_ROCKSDB_BLOB_BATCH_H_

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "storage/rocksdb/queued_write.h"

namespace labyrinth::storage {

// CommitBatch's sibling. What Stage returns holds if, and only if, the batch is written: a kConflict may rest on a
// write of the same batch. Thread-compatible; nothing else writes while a batch is being made.
class BlobBatch {
 public:
  // Adds to `batch`. All outlive it.
  BlobBatch(::rocksdb::DB* db, ::rocksdb::ColumnFamilyHandle* blobs, ::rocksdb::WriteBatch& batch)
      : db_(db), blobs_(blobs), batch_(batch) {}

  // `write` outlives the batch. kCommitted; kConflict with FAILED_PRECONDITION when the chunk doesn't fit what is
  // there; kFailed with DATA_DAMAGED or ENGINE_UNAVAILABLE when what is there can't be read.
  CommitResult Stage(const BlobWrite& write);

  // Completes the blobs' part of the batch; nothing is staged afterwards.
  void Seal();

 private:
  struct Blob {
    uint64_t committed_bytes = 0;
    bool changed = false;
    std::vector<const BlobChunk*> staged;  // in this batch, since the blob's last deletion in it
  };

  absl::StatusOr<Blob*> Find(const BlobName& name);
  absl::Status StageChunk(const BlobName& name, const BlobChunk& chunk, Blob& blob);
  absl::Status CompareChunk(const BlobName& name, const BlobChunk& chunk, const Blob& blob) const;
  CommitResult StageDelete(const BlobName& name);

  ::rocksdb::DB* const db_;
  ::rocksdb::ColumnFamilyHandle* const blobs_;
  ::rocksdb::WriteBatch& batch_;
  absl::flat_hash_map<BlobName, Blob> known_;
};

}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_ROCKSDB_BLOB_BATCH_H_
