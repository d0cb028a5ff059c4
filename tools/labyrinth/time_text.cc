#include "tools/labyrinth/time_text.h"

#include <array>
#include <charconv>

#include "common/limits.h"

namespace labyrinth::cli {
namespace {

constexpr int64_t kLongestDurationMs = int64_t{10} * 366 * 24 * 3600 * 1000;

absl::string_view Absl(std::string_view s) { return {s.data(), s.size()}; }

int64_t UnitMs(char unit) {
  switch (unit) {
    case 's':
      return 1000;
    case 'm':
      return 60 * 1000;
    case 'h':
      return 3600 * 1000;
    case 'd':
      return 24 * 3600 * 1000;
    case 'w':
      return 7 * 24 * 3600 * 1000;
    default:
      return 0;
  }
}

}  // namespace

absl::StatusOr<int64_t> ParseDurationMs(std::string_view text) {
  const absl::Status wrong = absl::InvalidArgumentError("expected a number and s, m, h, d or w, as in 24h");
  if (text.size() < 2) return wrong;
  const int64_t unit_ms = UnitMs(text.back());
  uint32_t number = 0;
  const char* end = text.data() + text.size() - 1;
  const auto parsed = std::from_chars(text.data(), end, number);
  if (unit_ms == 0 || parsed.ec != std::errc() || parsed.ptr != end || number == 0) return wrong;
  if (number > kLongestDurationMs / unit_ms) return absl::InvalidArgumentError("longer than ten years");
  return number * unit_ms;
}

absl::StatusOr<int64_t> ParseTimeMs(std::string_view text, int64_t now_ms, absl::TimeZone zone) {
  if (absl::StatusOr<int64_t> ago = ParseDurationMs(text); ago.ok()) return now_ms - *ago;
  // With an offset of its own first: the others would stop at it.
  constexpr std::array kForms = {"%Y-%m-%d%ET%H:%M:%E*S%Ez",
                                 "%Y-%m-%d%ET%H:%M%Ez",
                                 "%Y-%m-%d%ET%H:%M:%E*S",
                                 "%Y-%m-%d%ET%H:%M",
                                 "%Y-%m-%d %H:%M:%E*S",
                                 "%Y-%m-%d %H:%M",
                                 "%Y-%m-%d"};
  for (const char* form : kForms) {
    absl::Time time;
    if (!absl::ParseTime(form, Absl(text), zone, &time, nullptr)) continue;
    const int64_t ms = absl::ToUnixMillis(time);
    if (ms < 0 || ms > limits::kTimestampMs) return absl::InvalidArgumentError("outside of the years 1970 to 9999");
    return ms;
  }
  return absl::InvalidArgumentError("expected a time as in 2024-05-01, 2024-05-01T12:30, or 7d (ago)");
}

std::string MinuteText(int64_t time_ms, absl::TimeZone zone) {
  return absl::FormatTime("%Y-%m-%d %H:%M", absl::FromUnixMillis(time_ms), zone);
}

std::string DayText(int64_t time_ms, absl::TimeZone zone) {
  return absl::FormatTime("%Y-%m-%d", absl::FromUnixMillis(time_ms), zone);
}

}  // namespace labyrinth::cli
