#include "storage/rocksdb/blob_layout.h"

#include <algorithm>

#include "common/crc32c.h"

namespace labyrinth::storage {
namespace {

constexpr std::size_t kCrcBytes = 4;

template <typename Int>
void Append(std::string& out, Int value) {
  for (int shift = 8 * (sizeof(Int) - 1); shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

uint64_t Read(std::string_view bytes) {
  uint64_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<uint8_t>(byte);
  return value;
}

}  // namespace

std::string BlobHeadKey(const BlobName& name) { return name.str(); }

std::string BlobChunkKey(const BlobName& name, uint32_t number) {
  std::string out = name.str();
  Append(out, number);
  return out;
}

std::string BlobEndKey(const BlobName& name) {
  std::string out = BlobChunkKey(name, UINT32_MAX);
  out.push_back('\0');
  return out;
}

std::string EncodeBlobHead(uint64_t committed_bytes) {
  std::string out;
  Append(out, committed_bytes);
  return out;
}

std::optional<uint64_t> DecodeBlobHead(std::string_view bytes) {
  if (bytes.size() != sizeof(uint64_t)) return std::nullopt;
  const uint64_t committed_bytes = Read(bytes);
  if (committed_bytes == 0) return std::nullopt;
  return committed_bytes;
}

std::string EncodeBlobChunk(std::string_view data) {
  std::string out;
  out.reserve(kCrcBytes + data.size());
  Append(out, Crc32c(data));
  out.append(data);
  return out;
}

std::optional<std::string_view> DecodeBlobChunk(std::string_view bytes, uint64_t data_bytes) {
  if (bytes.size() < kCrcBytes || bytes.size() - kCrcBytes != data_bytes) return std::nullopt;
  const std::string_view data = bytes.substr(kCrcBytes);
  if (Read(bytes.substr(0, kCrcBytes)) != Crc32c(data)) return std::nullopt;
  return data;
}

uint64_t BlobChunkBytes(uint64_t committed_bytes, uint64_t number) {
  return std::min<uint64_t>(committed_bytes - number * limits::kAttachmentChunkBytes, limits::kAttachmentChunkBytes);
}

}  // namespace labyrinth::storage
