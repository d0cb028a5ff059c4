// The blobs of the embedded store.
#ifndef LABYRINTH_STORAGE_ROCKSDB_ROCKSDB_BLOB_STORE_H_
#define LABYRINTH_STORAGE_ROCKSDB_ROCKSDB_BLOB_STORE_H_

#include <string>

#include "storage/blob_store.h"
#include "storage/rocksdb/blob_reader.h"
#include "storage/rocksdb/commit_queue.h"

namespace labyrinth::storage {

// Every promise of BlobStore; the part of a RocksdbEngine that keeps blobs in the same RocksDB, with one log, one
// writer and one fail stop for both. Stat and ReadRange run on the caller's thread and answer before they return; puts
// and deletions on the committer's thread, or on the one that watches deadlines, in the order in which they were asked
// for. Thread-safe.
class RocksdbBlobStore final : public BlobStore {
 public:
  // Both outlive the store.
  RocksdbBlobStore(BlobReader reader, CommitQueue& queue) : reader_(reader), queue_(queue) {}

  void PutChunk(const BlobName& name, uint64_t offset, std::string data, absl::Time deadline,
                PutCallback done) override;
  void Stat(const BlobName& name, absl::Time deadline, StatCallback done) override;
  void ReadRange(const BlobName& name, uint64_t offset, uint64_t size, absl::Time deadline, ReadCallback done) override;
  void Delete(const BlobName& name, absl::Time deadline, DeleteCallback done) override;

 private:
  const BlobReader reader_;
  CommitQueue& queue_;
};

}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_ROCKSDB_ROCKSDB_BLOB_STORE_H_
