// header:  magic u32, version u32, family u32, flags u8, compression u8, expiry 2 * u64                    30 bytes
// record:  key bytes u64, value bytes u64, expiry u64, crc of these u32, crc of key and value u32,
//          key, value                                                                                   32 bytes and
//          both
// footer:  magic u32, records u64, expiry 2 * u64, crc u32                                                32 bytes
//
// Little-endian; each crc is a CRC-32C in RocksDB's masked form. The header has none, but all of it is known
// beforehand. (RocksDB 7.8, db/blob/blob_log_format.h.)
#include "storage/rocksdb/blob_file.h"

#include <fmt/format.h>

#include <fstream>
#include <string_view>

#include "common/crc32c.h"

namespace labyrinth::storage {
namespace {

constexpr std::size_t kHeaderBytes = 30, kRecordHeaderBytes = 32, kFooterBytes = 32;
constexpr uint32_t kMagic = 2395959, kVersion = 1;
constexpr uint64_t kMostKeyBytes = 1 << 16, kMostValueBytes = 1 << 30;

uint64_t Little(std::string_view bytes) {
  uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

uint32_t Masked(uint32_t crc) { return ((crc >> 15) | (crc << 17)) + 0xa282ead8u; }

// The last four bytes are the checksum of those before.
bool EndsInItsCrc(std::string_view bytes) {
  return Little(bytes.substr(bytes.size() - 4)) == Masked(Crc32c(bytes.substr(0, bytes.size() - 4)));
}

void AppendLittle(std::string& out, uint64_t value, int bytes) {
  for (int shift = 0; shift < 8 * bytes; shift += 8) out.push_back(static_cast<char>(value >> shift));
}

// Neither compressed nor expiring.
std::string Header(uint32_t family) {
  std::string header;
  AppendLittle(header, kMagic, 4);
  AppendLittle(header, kVersion, 4);
  AppendLittle(header, family, 4);
  header.append(kHeaderBytes - header.size(), '\0');
  return header;
}

absl::Status Damaged(uint64_t offset, std::string_view what) {
  return absl::DataLossError(fmt::format("{} at byte {}", what, offset));
}

}  // namespace

absl::Status VerifyBlobFile(const std::string& path, uint32_t family, absl::FunctionRef<bool(uint64_t bytes)> go_on) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file.is_open()) return absl::UnavailableError("it can't be read");
  const auto size = static_cast<uint64_t>(file.tellg());
  file.seekg(0);
  std::string buffer;
  const auto read = [&](std::size_t bytes) {
    const std::size_t before = buffer.size();
    buffer.resize(before + bytes);
    return static_cast<bool>(file.read(buffer.data() + before, static_cast<std::streamsize>(bytes)));
  };
  if (size < kHeaderBytes + kFooterBytes) return Damaged(size, "the file ends too early");
  if (!read(kHeaderBytes)) return absl::UnavailableError("it can't be read");
  if (buffer != Header(family)) return Damaged(0, "the header is damaged");
  uint64_t at = kHeaderBytes, records = 0;
  const uint64_t end = size - kFooterBytes;
  while (at < end) {
    buffer.clear();
    if (end - at < kRecordHeaderBytes) return Damaged(at, "half a record");
    if (!read(kRecordHeaderBytes)) return absl::UnavailableError("it can't be read");
    const uint64_t key_bytes = Little(std::string_view(buffer).substr(0, 8));
    const uint64_t value_bytes = Little(std::string_view(buffer).substr(8, 8));
    const uint32_t crc = static_cast<uint32_t>(Little(std::string_view(buffer).substr(28, 4)));
    const uint64_t whole = kRecordHeaderBytes + key_bytes + value_bytes;
    if (!EndsInItsCrc(std::string_view(buffer).substr(0, 28)) || key_bytes > kMostKeyBytes ||
        value_bytes > kMostValueBytes || whole > end - at) {
      return Damaged(at, "a record's header is damaged");
    }
    buffer.clear();
    if (!read(key_bytes + value_bytes)) return absl::UnavailableError("it can't be read");
    if (crc != Masked(Crc32c(buffer))) return Damaged(at, "a record is damaged");
    at += whole;
    ++records;
    if (!go_on(whole)) return absl::CancelledError("interrupted");
  }
  buffer.clear();
  if (!read(kFooterBytes)) return absl::UnavailableError("it can't be read");
  if (Little(std::string_view(buffer).substr(0, 4)) != kMagic || !EndsInItsCrc(buffer) ||
      Little(std::string_view(buffer).substr(4, 8)) != records) {
    return Damaged(end, "the footer is damaged");
  }
  return absl::OkStatus();
}

}  // namespace labyrinth::storage
