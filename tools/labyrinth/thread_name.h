// Threads as people name them: by title, or by handle. Titles are inside the sealed messages, so the server can't look
// them up: the list of threads is read and opened here.
#ifndef LABYRINTH_TOOLS_LABYRINTH_THREAD_NAME_H_
#define LABYRINTH_TOOLS_LABYRINTH_THREAD_NAME_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "client/client.h"

namespace labyrinth::cli {

struct NamedThread {
  std::string id;
  std::string title;  // of its newest message; may be empty
};

// The first eight digits of an id in hexadecimal: what lists show and commands take.
std::string HandleOf(std::string_view id);

// `text` in lower case if it could be (the start of) an id in hexadecimal, of four digits or more; else empty.
std::string AsHandle(std::string_view text);

// By whole id in hexadecimal (one page read), exact title, then handle (4 digits or more), then title without regard to
// ASCII case (the last three: the list of threads read). NOT_FOUND if there is none; a usage error naming handles if
// there are several.
absl::StatusOr<NamedThread> FindThread(client::History& history, const std::string& name);

}  // namespace labyrinth::cli

#endif  // LABYRINTH_TOOLS_LABYRINTH_THREAD_NAME_H_
