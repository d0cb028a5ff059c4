#include "storage/rocksdb/log_records.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <fstream>

namespace labyrinth::storage {
namespace {

// Blocks of 32 KiB, filled with fragments that never cross a block. A fragment is
//   masked crc32c of type and payload u32 | payload length u16 | type u8 | payload      (little-endian)
// and a record is one kFull, or kFirst kMiddle* kLast. Less than a header at the end of a block is filled with zeros.
constexpr std::size_t kBlockBytes = 32 * 1024;
constexpr std::size_t kHeaderBytes = 7;
enum FragmentType : uint8_t { kFull = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

constexpr std::array<uint32_t, 256> kCrcTable = [] {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
    table[i] = crc;
  }
  return table;
}();

uint32_t MaskedCrc32c(std::string_view bytes) {
  uint32_t crc = ~0u;
  for (const char byte : bytes) crc = crc >> 8 ^ kCrcTable[(crc ^ static_cast<uint8_t>(byte)) & 0xff];
  crc = ~crc;
  return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

uint32_t Byte(std::string_view bytes, std::size_t at) { return static_cast<uint8_t>(bytes[at]); }

struct Fragment {
  FragmentType type;
  std::string_view payload;
};

// The intact fragment at the start of `bytes`, if there is one.
bool ParseFragment(std::string_view bytes, Fragment& out) {
  if (bytes.size() < kHeaderBytes) return false;
  const std::size_t length = Byte(bytes, 4) | Byte(bytes, 5) << 8;
  const uint32_t type = Byte(bytes, 6);
  if (type < kFull || type > kLast || kHeaderBytes + length > bytes.size()) return false;
  const uint32_t crc = Byte(bytes, 0) | Byte(bytes, 1) << 8 | Byte(bytes, 2) << 16 | Byte(bytes, 3) << 24;
  if (MaskedCrc32c(bytes.substr(6, 1 + length)) != crc) return false;
  out = {static_cast<FragmentType>(type), bytes.substr(kHeaderBytes, length)};
  return true;
}

// Puts fragments together.
class Assembler {
 public:
  explicit Assembler(absl::FunctionRef<bool(std::string_view, bool)> visit) : visit_(visit) {}

  // `end` is where it ends in the file. False if the visitor wants no more.
  bool Take(const Fragment& fragment, uint64_t end) {
    const bool begins = fragment.type == kFull || fragment.type == kFirst;
    if (begins == assembling_) damaged_ = true;  // an end without a beginning, or a beginning without an end
    if (begins) head_.clear();
    if (!begins && !assembling_) return true;
    assembling_ = true;
    if (head_.size() < kLogHeadBytes) head_.append(fragment.payload.substr(0, kLogHeadBytes - head_.size()));
    if (fragment.type == kFirst || fragment.type == kMiddle) return true;
    assembling_ = false;
    intact_bytes_ = end;
    const bool after_damage = damaged_;
    damaged_ = false;
    return visit_(head_, after_damage);
  }

  // Bytes that are no fragment.
  void Skip() {
    damaged_ = true;
    assembling_ = false;
  }

  bool torn() const { return damaged_ || assembling_; }
  uint64_t intact_bytes() const { return intact_bytes_; }

 private:
  absl::FunctionRef<bool(std::string_view, bool)> visit_;
  std::string head_;
  uint64_t intact_bytes_ = 0;
  bool assembling_ = false;
  bool damaged_ = false;
};

// `begin` is where the block begins in the file.
bool WalkBlock(std::string_view block, uint64_t begin, Assembler& assembler) {
  std::size_t at = 0;
  while (at + kHeaderBytes <= block.size()) {
    Fragment fragment;
    if (ParseFragment(block.substr(at), fragment)) {
      at += kHeaderBytes + fragment.payload.size();
      if (!assembler.Take(fragment, begin + at)) return false;
    } else {
      // A damaged length hides where the next fragment starts: look at every byte.
      assembler.Skip();
      ++at;
    }
  }
  // In a block that isn't full, this is the start of a fragment.
  if (at < block.size() && block.size() < kBlockBytes) assembler.Skip();
  return true;
}

}  // namespace

absl::StatusOr<LogWalk> WalkLog(const std::string& file,
                                absl::FunctionRef<bool(std::string_view head, bool after_damage)> visit) {
  std::ifstream in(file, std::ios::binary);
  Assembler assembler(visit);
  std::string block(kBlockBytes, '\0');
  for (uint64_t begin = 0; in.read(block.data(), kBlockBytes).gcount() > 0; begin += kBlockBytes) {
    if (!WalkBlock(std::string_view(block).substr(0, in.gcount()), begin, assembler)) return LogWalk{.stopped = true};
  }
  if (!in.eof()) return absl::DataLossError(fmt::format("{}: cannot be read: check the disk", file));
  return LogWalk{.torn = assembler.torn(), .intact_bytes = assembler.intact_bytes()};
}

}  // namespace labyrinth::storage
