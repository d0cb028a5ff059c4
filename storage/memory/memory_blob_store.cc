#include "storage/memory/memory_blob_store.h"

#include <algorithm>
#include <string_view>

#include "absl/time/clock.h"
#include "common/errors.h"

namespace labyrinth::storage {
namespace {

absl::Status Started(absl::Time deadline) {
  return deadline < absl::Now() ? errors::EngineUnavailable("the deadline has passed") : absl::OkStatus();
}

}  // namespace

void MemoryBlobStore::PutChunk(const BlobName& name, uint64_t offset, std::string data, absl::Time deadline,
                               PutCallback done) {
  absl::Status status = ValidatePutChunk(offset, data.size());
  status.Update(Started(deadline));
  if (status.ok()) status = Put(name, offset, data);
  std::move(done)(std::move(status));
}

absl::Status MemoryBlobStore::Put(const BlobName& name, uint64_t offset, const std::string& data) {
  absl::MutexLock lock(&mutex_);
  const auto found = blobs_.find(name);
  const std::string_view stored = found == blobs_.end() ? std::string_view() : found->second;
  if (offset > stored.size()) {
    return absl::FailedPreconditionError("the chunk before it is not stored, or is the last one");
  }
  if (offset == stored.size()) {
    blobs_[name].append(data);
    return absl::OkStatus();
  }
  if (stored.substr(offset, limits::kAttachmentChunkBytes) == data) return absl::OkStatus();
  return absl::FailedPreconditionError("other bytes are stored at the chunk's place");
}

void MemoryBlobStore::Stat(const BlobName& name, absl::Time deadline, StatCallback done) {
  if (absl::Status status = Started(deadline); !status.ok()) return std::move(done)(status);
  uint64_t size = 0;
  {
    absl::MutexLock lock(&mutex_);
    const auto found = blobs_.find(name);
    if (found != blobs_.end()) size = found->second.size();
  }
  std::move(done)(size);
}

void MemoryBlobStore::ReadRange(const BlobName& name, uint64_t offset, uint64_t size, absl::Time deadline,
                                ReadCallback done) {
  absl::Status status = ValidateReadRange(offset, size);
  status.Update(Started(deadline));
  if (!status.ok()) return std::move(done)(status);
  std::string out;
  {
    absl::MutexLock lock(&mutex_);
    const auto found = blobs_.find(name);
    if (found != blobs_.end() && offset < found->second.size()) out = found->second.substr(offset, size);
  }
  std::move(done)(std::move(out));
}

void MemoryBlobStore::Delete(const BlobName& name, absl::Time deadline, DeleteCallback done) {
  if (absl::Status status = Started(deadline); !status.ok()) return std::move(done)(status);
  {
    absl::MutexLock lock(&mutex_);
    blobs_.erase(name);
  }
  std::move(done)(absl::OkStatus());
}

std::size_t MemoryBlobStore::size() const {
  absl::MutexLock lock(&mutex_);
  return blobs_.size();
}

}  // namespace labyrinth::storage
