#include "client/transfer/text.h"

#include <fmt/format.h>

#include <utility>

namespace labyrinth::client {
namespace {

bool IsContinuation(char c) { return (static_cast<uint8_t>(c) & 0xc0) == 0x80; }

bool Reorders(uint32_t c) {
  return c == 0x061c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

// C0, delete and C1; U+2028 and U+2029 break lines in some terminals.
bool IsControl(uint32_t c) { return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029; }

std::string Escape(std::string_view text, bool keep_lines) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    std::optional<CodePoint> point = FirstCodePoint(text);
    if (!point) {
      out += fmt::format("\\x{:02x}", static_cast<uint8_t>(text[0]));
      text.remove_prefix(1);
      continue;
    }
    const uint32_t c = point->value;
    if (keep_lines && (c == '\n' || c == '\t')) {
      out += text[0];
    } else if (IsControl(c) || Reorders(c)) {
      out += c < 0x80 ? fmt::format("\\x{:02x}", c) : fmt::format("\\u{{{:04x}}}", c);
    } else {
      out += text.substr(0, point->size_bytes);
    }
    text.remove_prefix(point->size_bytes);
  }
  return out;
}

}  // namespace

std::optional<CodePoint> FirstCodePoint(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const uint8_t lead = static_cast<uint8_t>(text[0]);
  if (lead < 0x80) return CodePoint{lead, 1};
  std::size_t size;
  uint32_t value, least;
  if (lead >= 0xc2 && lead <= 0xdf) {
    size = 2, value = lead & 0x1f, least = 0x80;
  } else if (lead >= 0xe0 && lead <= 0xef) {
    size = 3, value = lead & 0x0f, least = 0x800;
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    size = 4, value = lead & 0x07, least = 0x10000;
  } else {
    return std::nullopt;
  }
  if (text.size() < size) return std::nullopt;
  for (std::size_t i = 1; i < size; ++i) {
    if (!IsContinuation(text[i])) return std::nullopt;
    value = value << 6 | (static_cast<uint8_t>(text[i]) & 0x3f);
  }
  if (value < least || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return std::nullopt;
  return CodePoint{value, size};
}

bool IsValidUtf8(std::string_view text) {
  while (!text.empty()) {
    std::optional<CodePoint> point = FirstCodePoint(text);
    if (!point) return false;
    text.remove_prefix(point->size_bytes);
  }
  return true;
}

Latin1Repair RepairLatin1(std::string& text) {
  std::string bytes;
  bytes.reserve(text.size());
  bool plain = true;
  for (std::string_view rest = text; !rest.empty();) {
    std::optional<CodePoint> point = FirstCodePoint(rest);
    if (!point || point->value > 0xff) return Latin1Repair::kKept;
    plain = plain && point->value < 0x80;
    bytes += static_cast<char>(point->value);
    rest.remove_prefix(point->size_bytes);
  }
  if (plain) return Latin1Repair::kPlain;
  if (!IsValidUtf8(bytes)) return Latin1Repair::kKept;
  text = std::move(bytes);
  return Latin1Repair::kRepaired;
}

std::string Printable(std::string_view text) { return Escape(text, /*keep_lines=*/false); }
std::string PrintableLines(std::string_view text) { return Escape(text, /*keep_lines=*/true); }

}  // namespace labyrinth::client
