#include "crypto/statements/epoch_sequence.h"

#include <fmt/format.h>

namespace labyrinth::crypto {
namespace {

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t kMaxDigits = 11;

}  // namespace

std::string Decimal(uint64_t value) { return fmt::format("{}", value); }

std::string SequenceBase64(uint64_t sequence_id) {
  const std::string text = Decimal(sequence_id);
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    uint32_t group = 0;
    for (std::size_t j = i; j < i + 3; ++j) group = group << 8 | (j < text.size() ? static_cast<uint8_t>(text[j]) : 0u);
    for (int shift = 18; shift >= 0; shift -= 6) out.push_back(kBase64[group >> shift & 63]);
  }
  for (std::size_t i = 0; i < (3 - text.size() % 3) % 3; ++i) out[out.size() - 1 - i] = '=';
  return out;
}

std::optional<uint64_t> ParseSequence(std::string_view decimal) {
  if (decimal.empty() || decimal.size() > kMaxDigits) return std::nullopt;
  if (decimal.size() > 1 && decimal[0] == '0') return std::nullopt;
  uint64_t value = 0;
  for (const char c : decimal) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<uint64_t>(c - '0');
  }
  return value;
}

std::optional<uint64_t> ParseSequenceBase64(std::string_view base64) {
  std::string text;
  uint32_t group = 0;
  int bits = 0;
  for (const char c : base64.substr(0, base64.find('='))) {
    const std::size_t value = kBase64.find(c);
    if (value == std::string_view::npos || text.size() > kMaxDigits) return std::nullopt;
    group = group << 6 | static_cast<uint32_t>(value);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      text.push_back(static_cast<char>(group >> bits & 0xff));
    }
  }
  const auto sequence = ParseSequence(text);
  // One spelling alone: the padding and the unused bits are checked by writing it again.
  if (!sequence.has_value() || SequenceBase64(*sequence) != base64) return std::nullopt;
  return sequence;
}

}  // namespace labyrinth::crypto
