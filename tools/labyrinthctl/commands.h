// The commands, a file for each family.
#ifndef LABYRINTH_TOOLS_LABYRINTHCTL_COMMANDS_H_
#define LABYRINTH_TOOLS_LABYRINTHCTL_COMMANDS_H_

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "tools/labyrinthctl/context.h"

namespace labyrinth::ctl {

// The command that the command line chose; set while it is parsed, run afterwards.
struct Chosen {
  std::function<absl::Status(Context&)> run;
  bool changes = false;  // asks for a change, so that a missing answer leaves its outcome open
};

// Each adds its subcommands to `app`; parsing one of them fills in `chosen`, which must outlive the parse.
void AddStatus(CLI::App& app, Chosen& chosen);  // status, drain
void AddConfig(CLI::App& app, Chosen& chosen);
void AddMailbox(CLI::App& app, Chosen& chosen);
void AddDevice(CLI::App& app, Chosen& chosen);
void AddCheck(CLI::App& app, Chosen& chosen);  // check, verify, compact
void AddBackup(CLI::App& app, Chosen& chosen);
void AddBackupOffline(CLI::App& backup, Chosen& chosen);  // list, verify, restore
void AddCompletion(CLI::App& app, Chosen& chosen);

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

void AddMailboxFlags(CLI::App& command, MailboxFlags& flags);

}  // namespace labyrinth::ctl

#endif  // LABYRINTH_TOOLS_LABYRINTHCTL_COMMANDS_H_
