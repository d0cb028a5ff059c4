// The commands, a file for each family.
#ifndef LABYRINTH_TOOLS_LABYRINTHCTL_COMMANDS_H_
#define LABYRINTH_TOOLS_LABYRINTHCTL_COMMANDS_H_

#include <cstdint>
#include <string>

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

// --rate, in MiB a second, of which a TiB is the most. What `rate_mib` holds now stands in the help unless it is 0.
inline void AddRate(cli::Command command, uint64_t& rate_mib, const std::string& of_what = "") {
  constexpr int64_t kMostMib = int64_t{1} << 20;
  command.AddOption("--rate", &rate_mib, "MiB a second at most" + of_what + "; 0: no bound",
                    {.value_name = "N", .shows_default = rate_mib != 0, .check = cli::InRange(int64_t{0}, kMostMib)});
}

}  // namespace labyrinth::ctl

#endif  // LABYRINTH_TOOLS_LABYRINTHCTL_COMMANDS_H_
