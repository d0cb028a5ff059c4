// The commands, each in a file of its own.
#ifndef LABYRINTH_TOOLS_LABYRINTH_COMMANDS_H_
#define LABYRINTH_TOOLS_LABYRINTH_COMMANDS_H_

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "tools/labyrinth/context.h"

namespace labyrinth::cli {

// The command that the command line chose; set while it is parsed, run afterwards.
struct Chosen {
  std::function<absl::Status(Context&)> run;
  bool changes = false;  // asks the server to change something (ExitCodeOf)
};

// Each adds its subcommands to `app`; parsing one of them fills in `chosen`, which must outlive the parse.
void AddInit(CLI::App& app, Chosen& chosen);
void AddImport(CLI::App& app, Chosen& chosen);
void AddRead(CLI::App& app, Chosen& chosen);  // threads, read
void AddSend(CLI::App& app, Chosen& chosen);
void AddDelete(CLI::App& app, Chosen& chosen);
void AddWatch(CLI::App& app, Chosen& chosen);
void AddSync(CLI::App& app, Chosen& chosen);
void AddDevices(CLI::App& app, Chosen& chosen);  // devices, fingerprint, revoke
void AddRotate(CLI::App& app, Chosen& chosen);
void AddAcceptRestore(CLI::App& app, Chosen& chosen);
void AddRecovery(CLI::App& app, Chosen& chosen);  // recovery create, list, revoke, test
void AddJoin(CLI::App& app, Chosen& chosen);
void AddApprove(CLI::App& app, Chosen& chosen);
void AddExport(CLI::App& app, Chosen& chosen);
void AddVerify(CLI::App& app, Chosen& chosen);

// Adds a command that runs as `run(context, *flags)`; the caller binds its options to `flags`.
template <typename Flags>
CLI::App* AddCommand(CLI::App& app, Chosen& chosen, const std::string& name, const std::string& description,
                     bool changes, absl::Status (*run)(Context&, const Flags&), std::shared_ptr<Flags> flags) {
  CLI::App* command = app.add_subcommand(name, description);
  command->callback([&chosen, run, flags, changes] {
    chosen = {[run, flags](Context& context) { return run(context, *flags); }, changes};
  });
  return command;
}

}  // namespace labyrinth::cli

#endif  // LABYRINTH_TOOLS_LABYRINTH_COMMANDS_H_
