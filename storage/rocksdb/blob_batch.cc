#include "storage/rocksdb/blob_batch.h"

#include <utility>

#include "common/errors.h"
#include "storage/rocksdb/blob_layout.h"
#include "storage/rocksdb/blob_reader.h"
#include "storage/rocksdb/tuning.h"

namespace labyrinth::storage {
namespace {

using Outcome = CommitResult::Outcome;

constexpr uint64_t kChunkBytes = limits::kAttachmentChunkBytes;

CommitResult Done() { return {Outcome::kCommitted, {}, absl::OkStatus()}; }

CommitResult ResultOf(absl::Status status) {
  if (status.ok()) return Done();
  const bool conflict = status.code() == absl::StatusCode::kFailedPrecondition;
  return {conflict ? Outcome::kConflict : Outcome::kFailed, {}, std::move(status)};
}

absl::Status OtherBytes() { return absl::FailedPreconditionError("other bytes are stored at the chunk's place"); }

}  // namespace

CommitResult BlobBatch::Stage(const BlobWrite& write) {
  if (!write.chunk.has_value()) return StageDelete(write.name);
  const absl::StatusOr<Blob*> found = Find(write.name);
  if (!found.ok()) return ResultOf(found.status());
  return ResultOf(StageChunk(write.name, *write.chunk, **found));
}

void BlobBatch::Seal() {
  for (const auto& [name, blob] : known_) {
    if (blob.changed && blob.committed_bytes > 0) {
      batch_.Put(blobs_, BlobHeadKey(name), EncodeBlobHead(blob.committed_bytes));
    }
  }
}

absl::StatusOr<BlobBatch::Blob*> BlobBatch::Find(const BlobName& name) {
  const auto known = known_.find(name);
  if (known != known_.end()) return &known->second;
  const auto committed = LoadBlobHead(db_, blobs_, CheckedRead(), name);
  if (!committed.ok()) return committed.status();
  return &known_.emplace(name, Blob{*committed, false, {}}).first->second;
}

absl::Status BlobBatch::StageChunk(const BlobName& name, const BlobChunk& chunk, Blob& blob) {
  if (chunk.offset < blob.committed_bytes) return CompareChunk(name, chunk, blob);
  if (chunk.offset > blob.committed_bytes) {
    return absl::FailedPreconditionError("the chunk before it is not stored, or is the last one");
  }
  const auto number = static_cast<uint32_t>(chunk.offset / kChunkBytes);
  batch_.Put(blobs_, BlobChunkKey(name, number), EncodeBlobChunk(chunk.data));
  blob.committed_bytes += chunk.data.size();
  blob.changed = true;
  blob.staged.push_back(&chunk);
  return absl::OkStatus();
}

// The cure for an unknown outcome is the same put again: it changes nothing.
absl::Status BlobBatch::CompareChunk(const BlobName& name, const BlobChunk& chunk, const Blob& blob) const {
  for (const BlobChunk* staged : blob.staged) {
    if (staged->offset == chunk.offset) return staged->data == chunk.data ? absl::OkStatus() : OtherBytes();
  }
  const uint64_t number = chunk.offset / kChunkBytes;
  const uint64_t stored_bytes = BlobChunkBytes(blob.committed_bytes, number);
  if (stored_bytes != chunk.data.size()) return OtherBytes();
  ::rocksdb::PinnableSlice storage;
  const auto stored = LoadBlobChunk(db_, blobs_, CheckedRead(), name, number, stored_bytes, storage);
  if (!stored.ok()) return stored.status();
  return *stored == chunk.data ? absl::OkStatus() : OtherBytes();
}

// One range deletion, whatever the rows between are: a damaged head can't hide a chunk from it, and its size doesn't
// grow with the blob's. Repeated deletions write nothing.
CommitResult BlobBatch::StageDelete(const BlobName& name) {
  const absl::StatusOr<Blob*> found = Find(name);
  if (found.ok() && (*found)->committed_bytes == 0) return Done();
  if (!found.ok() && ReasonOf(found.status()) != Reason::kDataDamaged) return ResultOf(found.status());
  batch_.DeleteRange(blobs_, BlobHeadKey(name), BlobEndKey(name));
  known_[name] = Blob{0, true, {}};
  return Done();
}

}  // namespace labyrinth::storage
