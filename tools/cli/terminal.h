// Asking a person.
#ifndef LABYRINTH_TOOLS_CLI_TERMINAL_H_
#define LABYRINTH_TOOLS_CLI_TERMINAL_H_

#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/primitives/secret.h"

namespace labyrinth::cli {

// Both standard input and standard error are terminals: there is somebody to ask.
bool HasPerson();

// Asks on the terminal for one line, without showing what is typed. The terminal's settings come back however this
// ends, Ctrl-C included. CANCELLED if nothing was typed; FAILED_PRECONDITION without a terminal.
absl::StatusOr<crypto::Secret> AskSecret(const std::string& prompt);

// One line from an open descriptor, without its line feed, for scripts. CANCELLED as soon as `go_on`, which is asked
// several times a second, says no; FAILED_PRECONDITION if nothing comes any more, or more than a line should have.
absl::StatusOr<crypto::Secret> ReadSecretLine(int descriptor, absl::FunctionRef<bool()> go_on);

// Asks for `name` to be typed back. FAILED_PRECONDITION if something else was typed.
absl::Status ConfirmByName(const std::string& what, const std::string& name);

}  // namespace labyrinth::cli

#endif  // LABYRINTH_TOOLS_CLI_TERMINAL_H_
