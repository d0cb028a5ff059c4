// What the program's exit code says; scripts rely on it (docs: the client's CLI).
#ifndef LABYRINTH_TOOLS_CLI_EXIT_CODE_H_
#define LABYRINTH_TOOLS_CLI_EXIT_CODE_H_

#include <string_view>

#include "absl/status/status.h"

namespace labyrinth::cli {

enum class ExitCode {
  kOk = 0,
  kFindings = 1,  // the history was looked at and something in it is wrong
  kUsage = 2,     // the command line is wrong; nothing was done
  kRefused = 3,   // by the server, by a check of ours, or an input file that is malformed
  kNotFound = 4,
  kUnreachable = 5,     // no server, or it can't serve now
  kDenied = 6,          // signing in failed, or this device was removed
  kOutcomeUnknown = 7,  // a change was sent and no answer came: repeat the command
  kInterrupted = 130,
};

// Errors whose code isn't their status code's.
absl::Status Usage(std::string_view text);
absl::Status Findings(std::string_view text);

// `changes`: the command asked the server to change something, so that a missing answer leaves its outcome open.
ExitCode ExitCodeOf(const absl::Status& status, bool changes);

}  // namespace labyrinth::cli

#endif  // LABYRINTH_TOOLS_CLI_EXIT_CODE_H_
