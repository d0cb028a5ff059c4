#include "client/attachments/safe_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "client/transfer/text.h"

namespace labyrinth::client {
namespace {

constexpr std::size_t kNameBytes = 120;
constexpr std::size_t kExtensionBytes = 16;
constexpr std::string_view kReserved = "<>:\"|?*";
constexpr std::array<std::string_view, 6> kDevices = {"con", "prn", "aux", "nul", "com", "lpt"};

// Whole code points of at most `size` bytes.
std::string_view Prefix(std::string_view text, std::size_t size) {
  std::size_t end = 0;
  while (end < text.size()) {
    const auto point = FirstCodePoint(text.substr(end));
    const std::size_t step = point ? point->size_bytes : 1;
    if (end + step > size) break;
    end += step;
  }
  return text.substr(0, end);
}

// The dot included; empty if there is none.
std::string_view Extension(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || name.size() - dot > kExtensionBytes) return {};
  return name.substr(dot);
}

bool NamesDevice(std::string_view name) {
  std::string stem(name.substr(0, name.find('.')));
  std::transform(stem.begin(), stem.end(), stem.begin(), [](unsigned char c) { return std::tolower(c); });
  if (std::find(kDevices.begin(), kDevices.end(), stem) != kDevices.end()) return true;
  // com1 to com9, lpt1 to lpt9
  return stem.size() == 4 && std::isdigit(static_cast<unsigned char>(stem[3])) != 0 &&
         (stem.starts_with("com") || stem.starts_with("lpt"));
}

}  // namespace

std::string SafeFileName(std::string_view claimed) {
  const std::size_t slash = claimed.find_last_of("/\\");
  if (slash != std::string_view::npos) claimed.remove_prefix(slash + 1);
  std::string name;
  while (!claimed.empty()) {
    const auto point = FirstCodePoint(claimed);
    const std::string_view piece = claimed.substr(0, point ? point->size_bytes : 1);
    claimed.remove_prefix(piece.size());
    const bool harmless = point.has_value() && Printable(piece) == piece && kReserved.find(piece) == kReserved.npos;
    if (harmless && !(name.empty() && (piece == "." || piece == " "))) name += piece;
  }
  const std::string extension(Extension(name));
  if (name.size() > kNameBytes) {
    name = std::string(Prefix(name, kNameBytes - extension.size())) + extension;
  }
  while (name.ends_with('.') || name.ends_with(' ')) name.pop_back();
  if (NamesDevice(name)) name = "file-" + name;
  return name.empty() ? "file" : name;
}

std::string NumberedFileName(std::string_view safe_name, int number) {
  const std::string_view extension = Extension(safe_name);
  return fmt::format("{}-{}{}", safe_name.substr(0, safe_name.size() - extension.size()), number, extension);
}

}  // namespace labyrinth::client
