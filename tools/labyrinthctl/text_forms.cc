#include "tools/labyrinthctl/text_forms.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <system_error>
#include <utility>

#include "absl/time/time.h"

namespace labyrinth::ctl {
namespace {

constexpr std::array<std::pair<std::string_view, uint64_t>, 5> kSizes = {
    {{"TiB", uint64_t{1} << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"", 1}}};
// "ms" before "s", whose end it has.
constexpr std::array<std::pair<std::string_view, int64_t>, 4> kDurations = {
    {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}}};
constexpr uint64_t kMost = uint64_t{1} << 63;

// The number before `unit`; nullopt if there is another unit, no number, or too large a one.
std::optional<uint64_t> Before(std::string_view text, std::string_view unit, uint64_t factor) {
  if (!text.ends_with(unit)) return std::nullopt;
  text.remove_suffix(unit.size());
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || value >= kMost / factor) {
    return std::nullopt;
  }
  return value * factor;
}

}  // namespace

std::string TimeText(int64_t ms) {
  if (ms == 0) return "never";
  return absl::FormatTime("%Y-%m-%d %H:%M:%SZ", absl::FromUnixMillis(ms), absl::UTCTimeZone());
}

std::string BytesText(uint64_t bytes) {
  for (const auto& [unit, size] : kSizes) {
    if (size == 1 || bytes < size) continue;
    return fmt::format("{:.1f} {}", static_cast<double>(bytes) / static_cast<double>(size), unit);
  }
  return fmt::format("{} bytes", bytes);
}

std::optional<uint64_t> ParseBytes(std::string_view text) {
  for (const auto& [unit, size] : kSizes) {
    if (const auto bytes = Before(text, unit, size)) return bytes;
  }
  return std::nullopt;
}

std::optional<int64_t> ParseDurationMs(std::string_view text) {
  for (const auto& [unit, ms] : kDurations) {
    if (const auto value = Before(text, unit, static_cast<uint64_t>(ms))) return static_cast<int64_t>(*value);
  }
  return std::nullopt;
}

}  // namespace labyrinth::ctl
