#include "storage/rocksdb/wal_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <string_view>

namespace labyrinth::storage {
namespace {

// The log format: blocks of 32 KiB, filled with fragments that never cross a block. A fragment is
//   masked crc32c of type and payload u32 | payload length u16 | type u8 | payload      (little-endian)
// and a write is one kFull, or kFirst kMiddle* kLast; its payload begins with sequence u64 and count u32.
constexpr std::size_t kBlockBytes = 32 * 1024;
constexpr std::size_t kHeaderBytes = 7;
constexpr std::size_t kWriteHeaderBytes = 12;
enum FragmentType : uint8_t { kFull = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

uint64_t LittleEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return value;
}

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

struct Fragment {
  FragmentType type;
  std::string_view payload;
};

// The intact fragment at the start of `bytes`, if there is one.
bool ParseFragment(std::string_view bytes, Fragment& out) {
  if (bytes.size() < kHeaderBytes) return false;
  const auto type = static_cast<uint8_t>(bytes[6]);
  const std::size_t length = LittleEndian(bytes.substr(4, 2));
  if (type < kFull || type > kLast || kHeaderBytes + length > bytes.size()) return false;
  if (MaskedCrc32c(bytes.substr(6, 1 + length)) != LittleEndian(bytes.substr(0, 4))) return false;
  out = {static_cast<FragmentType>(type), bytes.substr(kHeaderBytes, length)};
  return true;
}

// Follows the writes across fragments, blocks and files.
class Follower {
 public:
  // False if this fragment completes a write that doesn't continue the one before.
  bool Take(const Fragment& fragment) {
    if (fragment.type == kFull || fragment.type == kFirst) {
      if (assembling_) summary_.torn = true;
      head_.clear();
      assembling_ = true;
    } else if (!assembling_) {
      summary_.torn = true;
      return true;
    }
    if (head_.size() < kWriteHeaderBytes) head_.append(fragment.payload.substr(0, kWriteHeaderBytes - head_.size()));
    if (fragment.type == kFirst || fragment.type == kMiddle) return true;
    assembling_ = false;
    return Complete();
  }

  // Bytes that are no fragment, or the end of a file.
  void Interrupt(bool bytes_lost) {
    if (assembling_ || bytes_lost) summary_.torn = true;
    assembling_ = false;
  }

  const WalSummary& summary() const { return summary_; }

 private:
  bool Complete() {
    if (head_.size() < kWriteHeaderBytes) return false;
    const uint64_t sequence = LittleEndian(std::string_view(head_).substr(0, 8));
    const uint64_t count = LittleEndian(std::string_view(head_).substr(8, 4));
    if (summary_.writes > 0 && sequence != next_sequence_) return false;
    next_sequence_ = sequence + count;
    // The torn write that went before was dropped by an earlier recovery, which gave its number to this one.
    summary_ = {summary_.writes + 1, next_sequence_ - 1, false};
    return true;
  }

  WalSummary summary_;
  std::string head_;  // the first bytes of the write being assembled
  bool assembling_ = false;
  uint64_t next_sequence_ = 0;
};

// False if an acknowledged write is missing before something in this block.
bool FollowBlock(std::string_view block, Follower& follower) {
  std::size_t at = 0;
  while (at + kHeaderBytes <= block.size()) {
    Fragment fragment;
    if (ParseFragment(block.substr(at), fragment)) {
      if (!follower.Take(fragment)) return false;
      at += kHeaderBytes + fragment.payload.size();
      continue;
    }
    // A damaged length hides where the next fragment starts: look at every byte.
    follower.Interrupt(/*bytes_lost=*/true);
    ++at;
  }
  // The writer fills the last bytes of a full block with zeros; in a shorter one they are the start of a fragment.
  if (at < block.size() && block.size() < kBlockBytes) follower.Interrupt(/*bytes_lost=*/true);
  return true;
}

absl::StatusOr<std::map<uint64_t, std::filesystem::path>> LogFiles(const std::string& db_dir) {
  std::map<uint64_t, std::filesystem::path> files;
  std::error_code error;
  for (std::filesystem::directory_iterator it(db_dir, error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() != ".log") continue;
    const std::string stem = it->path().stem().string();
    uint64_t number = 0;
    const auto [rest, parsed] = std::from_chars(stem.data(), stem.data() + stem.size(), number);
    if (parsed == std::errc() && rest == stem.data() + stem.size()) files[number] = it->path();
  }
  if (error) return absl::DataLossError(fmt::format("{}: cannot be listed: {}", db_dir, error.message()));
  if (files.empty()) {
    return absl::DataLossError(fmt::format(
        "{}: the write-ahead log (*.log) is gone, and acknowledged saves with it: put the files back, or restore a "
        "backup",
        db_dir));
  }
  return files;
}

}  // namespace

absl::StatusOr<WalSummary> CheckWals(const std::string& db_dir) {
  const auto files = LogFiles(db_dir);
  if (!files.ok()) return files.status();
  Follower follower;
  std::string block(kBlockBytes, '\0');
  for (const auto& [number, path] : *files) {
    std::ifstream file(path, std::ios::binary);
    bool intact = true;
    while (intact && file.read(block.data(), kBlockBytes).gcount() > 0) {
      intact = FollowBlock(std::string_view(block).substr(0, file.gcount()), follower);
    }
    if (intact && !file.eof()) return absl::DataLossError(fmt::format("{}: cannot be read", path.string()));
    if (!intact) {
      return absl::DataLossError(fmt::format(
          "{}: the write-ahead log is damaged and an acknowledged save is lost: keep a copy of the directory, then "
          "restore a backup",
          path.string()));
    }
    follower.Interrupt(/*bytes_lost=*/false);
  }
  return follower.summary();
}

}  // namespace labyrinth::storage
