// The commands, each in a file of its own.
#ifndef LABYRINTH_TOOLS_LABYRINTH_COMMANDS_H_
#define LABYRINTH_TOOLS_LABYRINTH_COMMANDS_H_

#include "tools/cli/command.h"
#include "tools/labyrinth/context.h"

namespace labyrinth::cli {

using Chosen = ChosenCommand<Context>;

// Each adds its subcommands to `root`; parsing one of them fills in `chosen`, which must outlive the parse.
void AddInit(Command root, Chosen& chosen);
void AddImport(Command root, Chosen& chosen);
void AddRead(Command root, Chosen& chosen);  // threads, read
void AddSend(Command root, Chosen& chosen);
void AddDelete(Command root, Chosen& chosen);
void AddWatch(Command root, Chosen& chosen);
void AddSync(Command root, Chosen& chosen);
void AddDevices(Command root, Chosen& chosen);  // devices, fingerprint, revoke
void AddRotate(Command root, Chosen& chosen);
void AddAcceptRestore(Command root, Chosen& chosen);
void AddRecovery(Command root, Chosen& chosen);  // recovery create, list, revoke, test
void AddJoin(Command root, Chosen& chosen);
void AddApprove(Command root, Chosen& chosen);
void AddExport(Command root, Chosen& chosen);
void AddVerify(Command root, Chosen& chosen);

}  // namespace labyrinth::cli

#endif  // LABYRINTH_TOOLS_LABYRINTH_COMMANDS_H_
