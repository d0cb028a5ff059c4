// Times and durations as people type and read them, in the machine's time zone.
#ifndef LABYRINTH_TOOLS_LABYRINTH_TIME_TEXT_H_
#define LABYRINTH_TOOLS_LABYRINTH_TIME_TEXT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace labyrinth::cli {

// "30s", "15m", "24h", "7d", "2w": a whole positive number and a unit. INVALID_ARGUMENT otherwise, or beyond ten years.
absl::StatusOr<int64_t> ParseDurationMs(std::string_view text);

// "2024-05-01", "2024-05-01 12:30", "2024-05-01T12:30:15", each in `zone`; with "Z" or "+02:00" in that zone; or a
// duration
// ("7d"), meaning so long before `now_ms`. INVALID_ARGUMENT otherwise, or outside of limits::kTimestampMs.
absl::StatusOr<int64_t> ParseTimeMs(std::string_view text, int64_t now_ms, absl::TimeZone zone);

// "2024-05-01 12:30" and "2024-05-01".
std::string MinuteText(int64_t time_ms, absl::TimeZone zone);
std::string DayText(int64_t time_ms, absl::TimeZone zone);

}  // namespace labyrinth::cli

#endif  // LABYRINTH_TOOLS_LABYRINTH_TIME_TEXT_H_
