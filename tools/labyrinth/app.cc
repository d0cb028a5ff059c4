#include "tools/labyrinth/app.h"

#include <fmt/format.h>

#include <cstdio>
#include <optional>
#include <string>

#include "client/transfer/text.h"
#include "common/errors.h"
#include "tools/cli/command.h"
#include "tools/cli/exit_code.h"
#include "tools/labyrinth/commands.h"
#include "tools/labyrinth/context.h"

namespace labyrinth::cli {
namespace {

void AddGlobalFlags(Command root, GlobalFlags& flags) {
  root.AddOption("--profile", &flags.profile,
                 "Folder of this device's keys (LABYRINTH_PROFILE; else ~/.local/share/labyrinth)",
                 {.value_name = "DIR"});
  root.AddOption("--endpoint", &flags.endpoint, "The server; 127.0.0.1:7430 if never named",
                 {.value_name = "HOST:PORT"});
  root.AddOption("--ca", &flags.ca_file, "Certificate authorities to trust; without, loopback only",
                 {.value_name = "FILE"});
  root.AddOption("--server-name", &flags.server_name, "The server's name in signed statements", {.value_name = "NAME"});
  root.AddOption("--account", &flags.account, "The account's id, as its tokens name it", {.value_name = "NAME"});
  root.AddOption("--token-file", &flags.token_file, "File with the account's token", {.value_name = "FILE"});
  root.AddFlag("--dev", &flags.dev, "Take tokens from the development server itself");
  root.AddOption("--output", &flags.output, "text or json",
                 {.value_name = "FORM", .shows_default = true, .check = OneOf({"text", "json"})});
}

}  // namespace

int RunApp(int argc, char** argv) {
  GlobalFlags flags;
  Chosen chosen;
  CommandLine command_line("An end-to-end encrypted message history: one device of one account.", "labyrinth");
  const Command root = command_line.root();
  AddGlobalFlags(root, flags);
  AddInit(root, chosen);
  AddJoin(root, chosen);
  AddApprove(root, chosen);
  AddImport(root, chosen);
  AddRead(root, chosen);
  AddSend(root, chosen);
  AddDelete(root, chosen);
  AddWatch(root, chosen);
  AddSync(root, chosen);
  AddDevices(root, chosen);
  AddRotate(root, chosen);
  AddAcceptRestore(root, chosen);
  AddRecovery(root, chosen);
  AddExport(root, chosen);
  AddVerify(root, chosen);
  if (const std::optional<int> done = command_line.Parse(argc, argv, flags.output)) return *done;

  Context context(flags);
  absl::Status status = chosen.run(context);
  const absl::Status written = context.out().Finish();
  if (status.ok()) status = written;
  if (!status.ok()) PrintError("labyrinth", status, context.out().json());
  // The library doesn't know what its way on is called here.
  if (!context.out().json() && ReasonOf(status) == Reason::kStoreRestored) {
    fmt::print(stderr, "'labyrinth accept-restore' says what was lost, and goes on from there\n");
  }
  return static_cast<int>(ExitCodeOf(status, chosen.changes));
}

}  // namespace labyrinth::cli
