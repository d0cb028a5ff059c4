// These bytes are on disks: a change here is a new format.
#include "storage/rocksdb/blob_layout.h"

#include <catch2/catch.hpp>

#include "common/bytes.h"

namespace labyrinth::storage {
namespace {

const BlobName kName = *BlobName::From(std::string(32, '\xab'));

TEST_CASE("the rows of a blob are as documented, head first") {
  std::string hex;
  for (int i = 0; i < 32; ++i) hex += "ab";
  CHECK(ToHex(BlobHeadKey(kName)) == hex);
  CHECK(ToHex(BlobChunkKey(kName, 0)) == hex + "00000000");
  CHECK(ToHex(BlobChunkKey(kName, 258)) == hex + "00000102");
  CHECK(ToHex(EncodeBlobHead(262'145)) == "0000000000040001");
  // The check value of CRC-32C.
  CHECK(ToHex(EncodeBlobChunk("123456789")) == "e3069283" + ToHex("123456789"));
}

TEST_CASE("a blob's rows are in its range and no other's are") {
  const BlobName next = *BlobName::From(std::string(31, '\xab') + '\xac');
  CHECK(BlobHeadKey(kName) < BlobChunkKey(kName, 0));
  CHECK(BlobChunkKey(kName, 255) < BlobChunkKey(kName, 256));
  CHECK(BlobChunkKey(kName, UINT32_MAX) < BlobEndKey(kName));
  CHECK(BlobEndKey(kName) < BlobHeadKey(next));
}

TEST_CASE("heads and chunks that nobody wrote are refused") {
  CHECK(DecodeBlobHead(EncodeBlobHead(7)) == 7);
  CHECK_FALSE(DecodeBlobHead("").has_value());
  CHECK_FALSE(DecodeBlobHead(std::string(7, '\1')).has_value());
  CHECK_FALSE(DecodeBlobHead(std::string(8, '\0')).has_value());
  CHECK_FALSE(DecodeBlobHead(std::string(9, '\1')).has_value());

  const std::string chunk = EncodeBlobChunk("some bytes");
  CHECK(DecodeBlobChunk(chunk, 10) == "some bytes");
  CHECK_FALSE(DecodeBlobChunk(chunk, 9).has_value());
  CHECK_FALSE(DecodeBlobChunk(chunk.substr(0, 13), 10).has_value());
  CHECK_FALSE(DecodeBlobChunk("", 0).has_value());
  for (std::size_t at = 0; at < chunk.size(); ++at) {
    std::string flipped = chunk;
    flipped[at] ^= 1;
    CHECK_FALSE(DecodeBlobChunk(flipped, 10).has_value());
  }
}

TEST_CASE("every chunk but the last is whole") {
  constexpr uint64_t kWhole = limits::kAttachmentChunkBytes;
  CHECK(BlobChunkBytes(1, 0) == 1);
  CHECK(BlobChunkBytes(kWhole, 0) == kWhole);
  CHECK(BlobChunkBytes(kWhole + 5, 0) == kWhole);
  CHECK(BlobChunkBytes(kWhole + 5, 1) == 5);
  CHECK(BlobChunkBytes(3 * kWhole, 2) == kWhole);
}

}  // namespace
}  // namespace labyrinth::storage
