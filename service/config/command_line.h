// labyrinthd's command line.
#ifndef LABYRINTH_SERVICE_CONFIG_COMMAND_LINE_H_
#define LABYRINTH_SERVICE_CONFIG_COMMAND_LINE_H_

#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "service/config/server_config.h"

namespace labyrinth::service {

struct ServeCommand {
  ServerConfig config;  // valid
};

// Prints a token of the development issuer whose key lies in `data_dir`.
struct TokenCommand {
  std::string data_dir;
  std::string account;
};

// Help or the version was asked for: print and go.
struct PrintCommand {
  std::string text;
};

using Command = std::variant<ServeCommand, TokenCommand, PrintCommand>;

// Flags win over the file, the file over the defaults. INVALID_ARGUMENT in one line naming the flag, or the file and
// key.
//
//   labyrinthd [serve] [--config FILE] [--data-dir D] [--listen H:P] [--server-name N] [--dev] [--log-level L]
//              [--port-file F]
//   labyrinthd token --dev --data-dir D --account NAME
absl::StatusOr<Command> ParseCommandLine(int argc, const char* const* argv);

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_CONFIG_COMMAND_LINE_H_
