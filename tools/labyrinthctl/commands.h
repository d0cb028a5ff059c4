// The commands, a file for each family.
#ifndef LABYRINTH_TOOLS_LABYRINTHCTL_COMMANDS_H_
#define LABYRINTH_TOOLS_LABYRINTHCTL_COMMANDS_H_

#include "tools/cli/command.h"
#include "tools/labyrinthctl/context.h"

namespace labyrinth::ctl {

using Chosen = cli::ChosenCommand<Context>;

// Each adds its subcommands to `root`; parsing one of them fills in `chosen`, which must outlive the parse.
void AddStatus(cli::Command root, Chosen& chosen);  // status, drain
void AddConfig(cli::Command root, Chosen& chosen);
void AddMailbox(cli::Command root, Chosen& chosen);
void AddDevice(cli::Command root, Chosen& chosen);
void AddCheck(cli::Command root, Chosen& chosen);  // check, verify, compact
void AddBackup(cli::Command root, Chosen& chosen);
void AddBackupOffline(cli::Command backup, Chosen& chosen);  // list, verify, restore
void AddCompletion(cli::Command root, Chosen& chosen);

void AddMailboxFlags(cli::Command command, MailboxFlags& flags);

}  // namespace labyrinth::ctl

#endif  // LABYRINTH_TOOLS_LABYRINTHCTL_COMMANDS_H_
