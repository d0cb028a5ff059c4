#include "client/transfer/html_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "client/transfer/text.h"

namespace labyrinth::client {
namespace {

constexpr char kReplacement[] = "\xef\xbf\xbd";
constexpr char kEllipsis[] = "\xe2\x80\xa6";

bool IsControl(uint32_t c) { return (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7f && c <= 0x9f); }

bool IsPlainInUrl(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~/").find(c) != std::string_view::npos;
}

// Gives each code point, or nullopt and one byte where there is none.
template <typename Visit>
void ForEachCodePoint(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const std::optional<CodePoint> point = FirstCodePoint(text);
    const std::size_t size = point ? point->size_bytes : 1;
    if (!visit(point, text.substr(0, size))) return;
    text.remove_prefix(size);
  }
}

}  // namespace

std::string EscapeHtml(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 16);
  ForEachCodePoint(text, [&out](const std::optional<CodePoint>& point, std::string_view bytes) {
    if (!point || IsControl(point->value)) {
      out += kReplacement;
    } else if (point->value == '&') {
      out += "&amp;";
    } else if (point->value == '<') {
      out += "&lt;";
    } else if (point->value == '>') {
      out += "&gt;";
    } else if (point->value == '"') {
      out += "&quot;";
    } else if (point->value == '\'') {
      out += "&#39;";
    } else {
      out += bytes;
    }
    return true;
  });
  return out;
}

std::string EscapeUrlPath(std::string_view path) {
  std::string out;
  for (const char c : path) {
    if (IsPlainInUrl(c)) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<uint8_t>(c));
    }
  }
  return out;
}

bool IsPassiveFile(std::string_view name) {
  static constexpr std::string_view kPassive[] = {"jpg", "jpeg", "png", "gif", "webp", "heic", "bmp", "mp4", "m4v",
                                                  "mov", "webm", "mp3", "m4a", "aac",  "ogg",  "wav", "pdf", "txt"};
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return false;
  std::string ending(name.substr(dot + 1));
  for (char& c : ending) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return std::find(std::begin(kPassive), std::end(kPassive), ending) != std::end(kPassive);
}

std::string OneLine(std::string_view text, std::size_t characters) {
  std::string out;
  std::size_t count = 0;
  bool space = false;
  ForEachCodePoint(text, [&](const std::optional<CodePoint>& point, std::string_view bytes) {
    if (point && (point->value == ' ' || point->value == '\n' || point->value == '\t' || point->value == '\r')) {
      space = !out.empty();
      return true;
    }
    if (count + (space ? 1 : 0) >= characters) {
      out += kEllipsis;
      return false;
    }
    if (space) out += ' ';
    count += space ? 2 : 1;
    space = false;
    out += bytes;
    return true;
  });
  return out;
}

std::string SizeText(uint64_t size_bytes) {
  if (size_bytes < 1000) return fmt::format("{} bytes", size_bytes);
  double size = static_cast<double>(size_bytes) / 1000;
  const char* unit = "kB";
  for (const char* next : {"MB", "GB"}) {
    if (size < 999.5) break;
    size /= 1000;
    unit = next;
  }
  return fmt::format("{:.{}f} {}", size, size < 9.95 ? 1 : 0, unit);
}

}  // namespace labyrinth::client
