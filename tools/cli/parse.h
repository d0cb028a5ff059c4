// A command line's words, and what goes wrong with them.
#ifndef LABYRINTH_TOOLS_CLI_PARSE_H_
#define LABYRINTH_TOOLS_CLI_PARSE_H_

#include <optional>
#include <string>

namespace CLI {
class App;
}

namespace labyrinth::cli {

// nullopt: go on with the command that was named. Else the process's exit code, after help or the version was printed,
// or one line that says what is wrong. `app` has the program's name. `output` is the flag that `app` parses: an error
// is in JSON unless it says "text".
std::optional<int> Parse(CLI::App& app, int argc, char** argv, const std::string& output);

}  // namespace labyrinth::cli

#endif  // LABYRINTH_TOOLS_CLI_PARSE_H_
