#include "crypto/primitives/padding.h"

#include <bit>
#include <cstdint>
#include <cstring>

#include "crypto/primitives/fatal.h"

namespace labyrinth::crypto {
namespace {

constexpr std::size_t kPrefixBytes = 4;
constexpr std::size_t kLeastBytes = 10;

}  // namespace

// E = floor(log2 L), S = floor(log2 E) + 1, L rounded up to a multiple of 2^(E-S).
std::size_t PaddedLength(std::size_t length) {
  if (length < kLeastBytes) return kLeastBytes;
  const int e = std::bit_width(length) - 1;
  const int s = std::bit_width(static_cast<unsigned>(e));
  const std::size_t mask = (std::size_t{1} << (e - s)) - 1;
  return (length + mask) & ~mask;
}

Secret Pad(std::string_view plaintext) {
  Require(plaintext.size() <= UINT32_MAX, "a plaintext of 4 GiB or more can't be padded");
  Secret out(kPrefixBytes + PaddedLength(plaintext.size()));
  const auto bytes = out.MutableSecret();
  for (std::size_t i = 0; i < kPrefixBytes; ++i) {
    bytes[i] = static_cast<uint8_t>(plaintext.size() >> (8 * (kPrefixBytes - 1 - i)));
  }
  if (!plaintext.empty()) std::memcpy(bytes.data() + kPrefixBytes, plaintext.data(), plaintext.size());
  return out;
}

absl::StatusOr<Secret> Unpad(std::string_view padded) {
  if (padded.size() < kPrefixBytes) return absl::DataLossError("padded plaintext: shorter than its length prefix");
  uint32_t length = 0;
  for (std::size_t i = 0; i < kPrefixBytes; ++i) length = length << 8 | static_cast<uint8_t>(padded[i]);
  if (length > padded.size() - kPrefixBytes) return absl::DataLossError("padded plaintext: its length doesn't fit");
  return Secret::CopyOf(padded.substr(kPrefixBytes, length));
}

}  // namespace labyrinth::crypto
