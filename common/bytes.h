// Fixed-size public byte strings (keys, signatures, MACs, ids) and hexadecimal text.
//
// Bytes of unknown length are std::string (owned) and std::string_view (borrowed) throughout the project. Secrets are
// not: they are crypto::Secret.
#ifndef LABYRINTH_COMMON_BYTES_H_
#define LABYRINTH_COMMON_BYTES_H_

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace labyrinth {

// Exactly N bytes of public data. `Tag` keeps a signature from being passed where a MAC is meant. Comparison is not
// constant-time: use crypto::ConstantTimeEquals for MACs. Thread-compatible value type; prints nowhere by accident.
template <std::size_t N, typename Tag>
class FixedBytes {
 public:
  static constexpr std::size_t kSize = N;

  // All zeros.
  constexpr FixedBytes() = default;
  explicit constexpr FixedBytes(const std::array<uint8_t, N>& bytes) : bytes_(bytes) {}

  // Returns nullopt unless `bytes` is exactly N long.
  static std::optional<FixedBytes> From(std::string_view bytes) {
    if (bytes.size() != N) return std::nullopt;
    FixedBytes out;
    std::memcpy(out.bytes_.data(), bytes.data(), N);
    return out;
  }

  std::string_view view() const { return {reinterpret_cast<const char*>(bytes_.data()), N}; }
  std::string str() const { return std::string(view()); }
  const uint8_t* data() const { return bytes_.data(); }
  uint8_t* data() { return bytes_.data(); }
  bool IsZero() const { return *this == FixedBytes(); }

  friend bool operator==(const FixedBytes&, const FixedBytes&) = default;
  friend std::strong_ordering operator<=>(const FixedBytes&, const FixedBytes&) = default;

  template <typename H>
  friend H AbslHashValue(H h, const FixedBytes& b) {
    return H::combine_contiguous(std::move(h), b.bytes_.data(), N);
  }

 private:
  std::array<uint8_t, N> bytes_{};
};

inline std::span<const uint8_t> AsSpan(std::string_view s) {
  return {reinterpret_cast<const uint8_t*>(s.data()), s.size()};
}
inline std::string_view AsView(std::span<const uint8_t> s) {
  return {reinterpret_cast<const char*>(s.data()), s.size()};
}

// Lower-case hexadecimal.
std::string ToHex(std::string_view bytes);

// Accepts both cases; nullopt on an odd length or any other character.
std::optional<std::string> FromHex(std::string_view hex);

}  // namespace labyrinth

#endif  // LABYRINTH_COMMON_BYTES_H_
