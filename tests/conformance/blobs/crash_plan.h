// What the writer that is killed writes, so that whoever looks afterwards knows every byte.
#ifndef LABYRINTH_TESTS_CONFORMANCE_BLOBS_CRASH_PLAN_H_
#define LABYRINTH_TESTS_CONFORMANCE_BLOBS_CRASH_PLAN_H_

#include <algorithm>
#include <cstdint>
#include <string>

#include "storage/blob_store.h"

namespace labyrinth::storage {

inline constexpr uint64_t kPlannedBlobs = 4;
inline constexpr uint64_t kPlannedBytes = 9 * uint64_t{limits::kAttachmentChunkBytes} + 12'345;

inline BlobName PlannedName(uint64_t blob) {
  return *BlobName::From(std::string(BlobName::kSize, static_cast<char>(0x11 * (blob + 1))));
}

// The chunk of `blob` at `offset`: every eight bytes tell where they belong.
inline std::string PlannedChunk(uint64_t blob, uint64_t offset) {
  std::string out;
  const uint64_t size = std::min<uint64_t>(limits::kAttachmentChunkBytes, kPlannedBytes - offset);
  for (uint64_t at = offset; out.size() < size; at += sizeof(at)) {
    const uint64_t word = at ^ (blob + 1) * 0x9e3779b97f4a7c15;
    out.append(reinterpret_cast<const char*>(&word), sizeof(word));
  }
  out.resize(size);
  return out;
}

}  // namespace labyrinth::storage

#endif  // LABYRINTH_TESTS_CONFORMANCE_BLOBS_CRASH_PLAN_H_
