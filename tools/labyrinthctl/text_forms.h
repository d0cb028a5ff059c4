// How the operator's command line writes times and sizes.
#ifndef LABYRINTH_TOOLS_LABYRINTHCTL_TEXT_FORMS_H_
#define LABYRINTH_TOOLS_LABYRINTHCTL_TEXT_FORMS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace labyrinth::ctl {

// "2024-05-01 12:00:00Z"; "never" for 0.
std::string TimeText(int64_t ms);
// "1.5 GiB"
std::string BytesText(uint64_t bytes);
// "5GiB", "512MiB", "4KiB", "12TiB" or plain bytes; nullopt for anything else or beyond 2^63.
std::optional<uint64_t> ParseBytes(std::string_view text);
// "30s", "5m", "2h", "250ms"; nullopt for anything else.
std::optional<int64_t> ParseDurationMs(std::string_view text);

}  // namespace labyrinth::ctl

#endif  // LABYRINTH_TOOLS_LABYRINTHCTL_TEXT_FORMS_H_
