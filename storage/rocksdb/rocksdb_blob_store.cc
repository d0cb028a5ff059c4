#include "storage/rocksdb/rocksdb_blob_store.h"

#include <utility>

#include "common/errors.h"

namespace labyrinth::storage {
namespace {

using WriteCallback = absl::AnyInvocable<void(absl::Status) &&>;

CommitCallback Answering(WriteCallback done) {
  return [done = std::move(done)](CommitResult result) mutable {
    const bool unknown = result.outcome == CommitResult::Outcome::kUnknown;
    std::move(done)(unknown ? errors::OutcomeUnknown() : std::move(result.error));
  };
}

}  // namespace

void RocksdbBlobStore::PutChunk(const BlobName& name, uint64_t offset, std::string data, absl::Time deadline,
                                PutCallback done) {
  if (absl::Status valid = ValidatePutChunk(offset, data.size()); !valid.ok()) return std::move(done)(valid);
  queue_.Push(BlobWrite{name, BlobChunk{offset, std::move(data)}, deadline}, Answering(std::move(done)));
}

void RocksdbBlobStore::Stat(const BlobName& name, absl::Time deadline, StatCallback done) {
  std::move(done)(reader_.Stat(name, deadline));
}

void RocksdbBlobStore::ReadRange(const BlobName& name, uint64_t offset, uint64_t size, absl::Time deadline,
                                 ReadCallback done) {
  std::move(done)(reader_.ReadRange(name, offset, size, deadline));
}

void RocksdbBlobStore::Delete(const BlobName& name, absl::Time deadline, DeleteCallback done) {
  queue_.Push(BlobWrite{name, std::nullopt, deadline}, Answering(std::move(done)));
}

}  // namespace labyrinth::storage
