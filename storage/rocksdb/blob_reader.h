// Reads of blobs, on the caller's thread.
#ifndef LABYRINTH_STORAGE_ROCKSDB_BLOB_READER_H_
#define LABYRINTH_STORAGE_ROCKSDB_BLOB_READER_H_

#include <rocksdb/db.h>

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "storage/blob_store.h"

namespace labyrinth::storage {

// Thread-safe; `db` and `blobs` outlive it.
class BlobReader {
 public:
  BlobReader(::rocksdb::DB* db, ::rocksdb::ColumnFamilyHandle* blobs) : db_(db), blobs_(blobs) {}

  // BlobStore's Stat and ReadRange.
  absl::StatusOr<uint64_t> Stat(const BlobName& name, absl::Time deadline) const;
  absl::StatusOr<std::string> ReadRange(const BlobName& name, uint64_t offset, uint64_t size,
                                        absl::Time deadline) const;

 private:
  ::rocksdb::DB* const db_;
  ::rocksdb::ColumnFamilyHandle* const blobs_;
};

// A blob's committed bytes, 0 if it isn't there. DATA_DAMAGED, ENGINE_UNAVAILABLE.
absl::StatusOr<uint64_t> LoadBlobHead(::rocksdb::DB* db, ::rocksdb::ColumnFamilyHandle* blobs,
                                      const ::rocksdb::ReadOptions& options, const BlobName& name);

// The whole of chunk `number`, which has `data_bytes`: in `storage`, or pinned by it. DATA_DAMAGED also if it is
// missing; ENGINE_UNAVAILABLE.
absl::StatusOr<std::string_view> LoadBlobChunk(::rocksdb::DB* db, ::rocksdb::ColumnFamilyHandle* blobs,
                                               const ::rocksdb::ReadOptions& options, const BlobName& name,
                                               uint64_t number, uint64_t data_bytes, ::rocksdb::PinnableSlice& storage);

}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_ROCKSDB_BLOB_READER_H_
