#include "tools/labyrinth/app.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <optional>
#include <string>

#include "client/transfer/text.h"
#include "common/errors.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/parse.h"
#include "tools/labyrinth/commands.h"
#include "tools/labyrinth/context.h"

namespace labyrinth::cli {
namespace {

constexpr char kExitCodes[] =
    "Exit codes: 0 ok, 1 findings, 2 usage, 3 refused, 4 not found, 5 unreachable, 6 denied,\n"
    "7 outcome unknown (repeat the command), 130 interrupted.";

void AddGlobalFlags(CLI::App& app, GlobalFlags& flags) {
  app.add_option("--profile", flags.profile,
                 "Folder of this device's keys (LABYRINTH_PROFILE; else ~/.local/share/labyrinth)")
      ->type_name("DIR");
  app.add_option("--endpoint", flags.endpoint, "The server; 127.0.0.1:7430 if never named")->type_name("HOST:PORT");
  app.add_option("--ca", flags.ca_file, "Certificate authorities to trust; without, loopback only")->type_name("FILE");
  app.add_option("--server-name", flags.server_name, "The server's name in signed statements")->type_name("NAME");
  app.add_option("--account", flags.account, "The account's id, as its tokens name it")->type_name("NAME");
  app.add_option("--token-file", flags.token_file, "File with the account's token")->type_name("FILE");
  app.add_flag("--dev", flags.dev, "Take tokens from the development server itself");
  app.add_option("--output", flags.output, "text or json")
      ->type_name("FORM")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
}

}  // namespace

int RunApp(int argc, char** argv) {
  GlobalFlags flags;
  Chosen chosen;
  CLI::App app("An end-to-end encrypted message history: one device of one account.", "labyrinth");
  app.footer(kExitCodes);
  app.require_subcommand(1);
  app.fallthrough();  // the flags above may follow the command
  AddGlobalFlags(app, flags);
  AddInit(app, chosen);
  AddJoin(app, chosen);
  AddApprove(app, chosen);
  AddImport(app, chosen);
  AddRead(app, chosen);
  AddSend(app, chosen);
  AddDelete(app, chosen);
  AddWatch(app, chosen);
  AddSync(app, chosen);
  AddDevices(app, chosen);
  AddRotate(app, chosen);
  AddAcceptRestore(app, chosen);
  AddRecovery(app, chosen);
  AddExport(app, chosen);
  AddVerify(app, chosen);
  if (const std::optional<int> done = Parse(app, argc, argv, flags.output)) return *done;

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
