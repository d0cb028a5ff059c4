// The contract's calls, waited for, and blobs to call them with.
#ifndef LABYRINTH_TESTS_CONFORMANCE_BLOBS_CALLS_H_
#define LABYRINTH_TESTS_CONFORMANCE_BLOBS_CALLS_H_

#include <cstdint>
#include <string>

#include "storage/blob_store.h"

namespace labyrinth::storage {

inline constexpr uint64_t kChunk = limits::kAttachmentChunkBytes;

absl::Status PutNow(BlobStore& blobs, const BlobName& name, uint64_t offset, std::string data,
                    absl::Time deadline = absl::InfiniteFuture());
absl::StatusOr<uint64_t> StatNow(BlobStore& blobs, const BlobName& name, absl::Time deadline = absl::InfiniteFuture());
absl::StatusOr<std::string> ReadNow(BlobStore& blobs, const BlobName& name, uint64_t offset, uint64_t size,
                                    absl::Time deadline = absl::InfiniteFuture());
absl::Status DeleteNow(BlobStore& blobs, const BlobName& name, absl::Time deadline = absl::InfiniteFuture());

// The same for the same number.
BlobName NameOf(uint64_t number);
// Bytes that don't compress, the same for the same seed.
std::string BytesOf(uint64_t size, uint64_t seed);

// Puts all of `data`, chunk by chunk; ends the test if one is refused.
void MustPutAll(BlobStore& blobs, const BlobName& name, const std::string& data);
// Stat, and then everything in reads of the largest size; ends the test at an error.
std::string MustReadAll(BlobStore& blobs, const BlobName& name);

}  // namespace labyrinth::storage

#endif  // LABYRINTH_TESTS_CONFORMANCE_BLOBS_CALLS_H_
