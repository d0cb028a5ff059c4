#include "storage/rocksdb/blob_reader.h"

#include <rocksdb/snapshot.h>

#include <algorithm>

#include "absl/time/clock.h"
#include "common/errors.h"
#include "storage/rocksdb/blob_layout.h"
#include "storage/rocksdb/status.h"
#include "storage/rocksdb/tuning.h"

namespace labyrinth::storage {
namespace {

constexpr uint64_t kChunkBytes = limits::kAttachmentChunkBytes;
constexpr std::string_view kHead = "an attachment's head";
constexpr std::string_view kChunk = "an attachment's chunk";

std::string_view View(const ::rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

}  // namespace

absl::StatusOr<uint64_t> LoadBlobHead(::rocksdb::DB* db, ::rocksdb::ColumnFamilyHandle* blobs,
                                      const ::rocksdb::ReadOptions& options, const BlobName& name) {
  ::rocksdb::PinnableSlice bytes;
  const ::rocksdb::Status status = db->Get(options, blobs, BlobHeadKey(name), &bytes);
  if (status.IsNotFound()) return 0;
  if (!status.ok()) return ToStatus(status, kHead);
  const auto committed_bytes = DecodeBlobHead(View(bytes));
  if (!committed_bytes.has_value()) return errors::DataDamaged(kHead);
  return *committed_bytes;
}

absl::StatusOr<std::string_view> LoadBlobChunk(::rocksdb::DB* db, ::rocksdb::ColumnFamilyHandle* blobs,
                                               const ::rocksdb::ReadOptions& options, const BlobName& name,
                                               uint64_t number, uint64_t data_bytes,
                                               ::rocksdb::PinnableSlice& storage) {
  const ::rocksdb::Status status = db->Get(options, blobs, BlobChunkKey(name, static_cast<uint32_t>(number)), &storage);
  // The head says that it is there. A path that isn't found is a blob file that somebody took away.
  if (status.IsNotFound() || status.IsPathNotFound()) return errors::DataDamaged(kChunk);
  if (!status.ok()) return ToStatus(status, kChunk);
  const auto data = DecodeBlobChunk(View(storage), data_bytes);
  if (!data.has_value()) return errors::DataDamaged(kChunk);
  return *data;
}

absl::StatusOr<uint64_t> BlobReader::Stat(const BlobName& name, absl::Time deadline) const {
  if (deadline < absl::Now()) return PastDeadline();
  return LoadBlobHead(db_, blobs_, CheckedRead(deadline), name);
}

absl::StatusOr<std::string> BlobReader::ReadRange(const BlobName& name, uint64_t offset, uint64_t size,
                                                  absl::Time deadline) const {
  if (absl::Status valid = ValidateReadRange(offset, size); !valid.ok()) return valid;
  if (deadline < absl::Now()) return PastDeadline();
  ::rocksdb::ManagedSnapshot snapshot(db_);
  ::rocksdb::ReadOptions options = CheckedRead(deadline);
  options.snapshot = snapshot.snapshot();

  const auto committed = LoadBlobHead(db_, blobs_, options, name);
  if (!committed.ok()) return committed.status();
  std::string out;
  const uint64_t end = std::min(*committed, offset + size);
  if (offset >= end) return out;
  out.reserve(end - offset);
  ::rocksdb::PinnableSlice storage;
  while (offset < end) {
    const uint64_t number = offset / kChunkBytes;
    storage.Reset();
    const auto chunk = LoadBlobChunk(db_, blobs_, options, name, number, BlobChunkBytes(*committed, number), storage);
    if (!chunk.ok()) return chunk.status();
    const uint64_t skip = offset - number * kChunkBytes;
    const std::string_view part = chunk->substr(skip, end - offset);
    out.append(part);
    offset += part.size();
  }
  return out;
}

}  // namespace labyrinth::storage
