// A program's commands with their options and flags, and what a command line makes of them.
//
// CLI11 does the work. Its header takes longer to compile than most commands, so that command.cc alone includes it.
#ifndef LABYRINTH_TOOLS_CLI_COMMAND_H_
#define LABYRINTH_TOOLS_CLI_COMMAND_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace labyrinth::cli {

// The variable that an option sets, which must outlive the parse. A vector takes several values: of a positional option
// one after another, else each after the option's name again.
using OptionTarget = std::variant<int*, uint32_t*, uint64_t*, double*, std::string*, std::vector<std::string>*,
                                  std::optional<int64_t>*, std::optional<std::string>*>;

// What a value must be besides being of its type; the help says it.
using ValueCheck = std::function<void(CLI::Option&)>;
ValueCheck InRange(int64_t low, int64_t high);
ValueCheck InRange(double low, double high);
ValueCheck NonNegative();
ValueCheck OneOf(std::vector<std::string> values);

struct OptionTraits {
  std::string value_name = "";  // in the help; "": that of its type
  bool required = false;
  bool shows_default = false;  // the help tells what the variable holds now
  ValueCheck check = nullptr;
};

// One command: a handle, valid as long as its CommandLine. The name of an option is "--name", "-n,--name", or "NAME" if
// it is positional.
class Command {
 public:
  explicit Command(CLI::App& app) : app_(&app) {}

  // `on_chosen` runs at the end of a parse that names the command.
  Command AddCommand(const std::string& name, const std::string& description, std::function<void()> on_chosen);
  // A command that does nothing by itself: one below it must be named.
  Command AddGroup(const std::string& name, const std::string& description);

  void AddOption(const std::string& name, OptionTarget target, const std::string& description,
                 const OptionTraits& traits = {});
  void AddFlag(const std::string& name, bool* target, const std::string& description);
  // Of two options or flags that were added: not both.
  void Exclude(const std::string& one, const std::string& other);
  // `name` only together with `needed`.
  void Require(const std::string& name, const std::string& needed);

  std::string name() const;
  std::vector<Command> commands() const;
  std::vector<std::string> long_names() const;  // of its options and flags: "--name"

 private:
  CLI::App* app_;
};

// A whole program: one of its commands must be named. Its own options may also follow the command.
class CommandLine {
 public:
  CommandLine(const std::string& description, const std::string& program);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  Command root() const;
  void AddVersionFlag(const std::string& text);

  // nullopt: go on with the command that was named. Else the process's exit code, after help or the version was
  // printed, or one line that says what is wrong. `output` is the variable of an option of the program: an error is in
  // JSON unless it says "text".
  std::optional<int> Parse(int argc, char** argv, const std::string& output);

 private:
  const std::unique_ptr<CLI::App> app_;
};

// The command that the command line chose; set while it is parsed, run afterwards.
template <typename Context>
struct ChosenCommand {
  std::function<absl::Status(Context&)> run;
  bool changes = false;  // asks the server to change something (ExitCodeOf)
};

// Adds a command that runs as `run(context, *flags)`; the caller binds its options to `flags`. `chosen` must outlive
// the parse.
template <typename Context, typename Flags>
Command AddCommand(Command parent, ChosenCommand<Context>& chosen, const std::string& name,
                   const std::string& description, bool changes, absl::Status (*run)(Context&, const Flags&),
                   std::shared_ptr<Flags> flags) {
  return parent.AddCommand(name, description, [&chosen, run, flags, changes] {
    chosen = {[run, flags](Context& context) { return run(context, *flags); }, changes};
  });
}

}  // namespace labyrinth::cli

#endif  // LABYRINTH_TOOLS_CLI_COMMAND_H_
