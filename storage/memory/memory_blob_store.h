// The blobs of tests: the whole contract, nothing kept.
#ifndef LABYRINTH_STORAGE_MEMORY_MEMORY_BLOB_STORE_H_
#define LABYRINTH_STORAGE_MEMORY_MEMORY_BLOB_STORE_H_

#include <cstddef>
#include <map>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "storage/blob_store.h"

namespace labyrinth::storage {

// Every promise of BlobStore but durability, which here means the life of the object. Answers before the call returns,
// so no outcome is ever unknown (FaultyBlobStore adds that). Thread-safe.
class MemoryBlobStore final : public BlobStore {
 public:
  MemoryBlobStore() = default;
  MemoryBlobStore(const MemoryBlobStore&) = delete;
  MemoryBlobStore& operator=(const MemoryBlobStore&) = delete;

  void PutChunk(const BlobName& name, uint64_t offset, std::string data, absl::Time deadline, PutCallback done) override
      ABSL_LOCKS_EXCLUDED(mutex_);
  void Stat(const BlobName& name, absl::Time deadline, StatCallback done) override ABSL_LOCKS_EXCLUDED(mutex_);
  void ReadRange(const BlobName& name, uint64_t offset, uint64_t size, absl::Time deadline, ReadCallback done) override
      ABSL_LOCKS_EXCLUDED(mutex_);
  void Delete(const BlobName& name, absl::Time deadline, DeleteCallback done) override ABSL_LOCKS_EXCLUDED(mutex_);

  // How many blobs there are: what a test of erasure counts.
  std::size_t size() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  absl::Status Put(const BlobName& name, uint64_t offset, const std::string& data) ABSL_LOCKS_EXCLUDED(mutex_);

  mutable absl::Mutex mutex_;
  std::map<BlobName, std::string> blobs_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_MEMORY_MEMORY_BLOB_STORE_H_
