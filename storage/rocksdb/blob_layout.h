// The rows of blobs, byte by byte (docs/STORAGE_FORMAT.md, "Blobs"). Integers are big-endian.
//
//   name [32]             -> committed bytes u64          the head: how far the blob has come
//   name [32], chunk u32  -> CRC-32C of the bytes u32, bytes [1..256 KiB]
//
// The head is rewritten with each chunk, in the same write. It makes Stat one look-up, and a missing chunk, the last
// one included, is told from one that never was.
#ifndef LABYRINTH_STORAGE_ROCKSDB_BLOB_LAYOUT_H_
#define LABYRINTH_STORAGE_ROCKSDB_BLOB_LAYOUT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "storage/blob_store.h"

namespace labyrinth::storage {

std::string BlobHeadKey(const BlobName& name);
std::string BlobChunkKey(const BlobName& name, uint32_t number);
// Behind every row of the blob, and before those of any other.
std::string BlobEndKey(const BlobName& name);

std::string EncodeBlobHead(uint64_t committed_bytes);
// nullopt unless `bytes` is a head that Encode could have made: of at least one byte.
std::optional<uint64_t> DecodeBlobHead(std::string_view bytes);

std::string EncodeBlobChunk(std::string_view data);
// The chunk's bytes, within `bytes`; nullopt unless there are `data_bytes` of them and their checksum holds.
std::optional<std::string_view> DecodeBlobChunk(std::string_view bytes, uint64_t data_bytes);

// Of a blob of `committed_bytes`, all of which chunk `number` is part of or before.
uint64_t BlobChunkBytes(uint64_t committed_bytes, uint64_t number);

}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_ROCKSDB_BLOB_LAYOUT_H_
