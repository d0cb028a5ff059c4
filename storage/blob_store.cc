// The bounds of the contract, in one place so that no two stores differ. A request that breaks one is a bug of the
// layer above, not of a client: the status carries no API reason.
#include "storage/blob_store.h"

#include <fmt/format.h>

#include <limits>

namespace labyrinth::storage {
namespace {

// Chunk numbers are 32 bits wide in the stores' keys: a petabyte a blob.
constexpr uint64_t kMaxChunks = uint64_t{1} << 32;

}  // namespace

absl::Status ValidatePutChunk(uint64_t offset, uint64_t data_bytes) {
  if (offset % limits::kAttachmentChunkBytes != 0 || offset / limits::kAttachmentChunkBytes >= kMaxChunks) {
    return absl::InvalidArgumentError("offset: no chunk begins there");
  }
  if (data_bytes == 0 || data_bytes > limits::kAttachmentChunkBytes) {
    return absl::InvalidArgumentError(fmt::format("data: {} bytes are no chunk", data_bytes));
  }
  return absl::OkStatus();
}

absl::Status ValidateReadRange(uint64_t offset, uint64_t size) {
  if (size == 0 || size > kMaxBlobReadBytes) return absl::InvalidArgumentError(fmt::format("size: {} bytes", size));
  if (offset > std::numeric_limits<uint64_t>::max() - size) {
    return absl::InvalidArgumentError("offset: the range ends beyond 64 bits");
  }
  return absl::OkStatus();
}

}  // namespace labyrinth::storage
