// A message as a person reads it.
#ifndef LABYRINTH_TOOLS_LABYRINTH_MESSAGE_TEXT_H_
#define LABYRINTH_TOOLS_LABYRINTH_MESSAGE_TEXT_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "client/message.h"
#include "tools/cli/output.h"

namespace labyrinth::cli {

// "2002-10-01 12:34  Ann: first line", further lines indented. What was tampered with shows why it is refused and no
// content; what other software wrote without an envelope is marked unverified. Safe to print.
std::string MessageText(const client::HistoryMessage& message, absl::TimeZone zone);

// "Ann: the start of the text", one line of at most `columns` characters. Safe to print.
std::string Snippet(const client::HistoryMessage& message, std::size_t columns);

// MessageJson, or {"timestamp_ms":N,"refused":WHY} for what was tampered with.
Json MessageDocument(const client::HistoryMessage& message);

// At most `columns` code points, "..." for what was cut.
std::string Shorten(std::string_view text, std::size_t columns);

}  // namespace labyrinth::cli

#endif  // LABYRINTH_TOOLS_LABYRINTH_MESSAGE_TEXT_H_
