#include "tools/labyrinthctl/app.h"

#include <fmt/format.h>
#include <grpc/support/log.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "common/version.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/parse.h"
#include "tools/labyrinthctl/commands.h"
#include "tools/labyrinthctl/context.h"

namespace labyrinth::ctl {
namespace {

constexpr char kName[] = "labyrinthctl";
constexpr char kExitCodes[] =
    "Exit codes: 0 ok, 1 findings, 2 usage, 3 refused, 4 not found, 5 unreachable, 6 denied,\n"
    "7 outcome unknown (repeat the command), 130 interrupted.";

void AddGlobalFlags(CLI::App& app, GlobalFlags& flags) {
  app.add_option("--socket", flags.socket,
                 "The server's admin socket (LABYRINTH_ADMIN_SOCKET; else /var/lib/labyrinth/admin.sock)")
      ->type_name("PATH");
  app.add_option("--data-dir", flags.data_dir, "The server's data directory, which has the socket")->type_name("DIR");
  app.add_option("--output", flags.output, "text, json or jsonl")
      ->type_name("FORM")
      ->check(CLI::IsMember({"text", "json", "jsonl"}))
      ->capture_default_str();
  app.add_option("--timeout", flags.timeout_s, "Seconds to wait for an answer; tasks have no end")
      ->type_name("S")
      ->check(CLI::Range(0.001, 86400.0))
      ->capture_default_str();
  app.add_flag("--yes", flags.yes, "Don't ask before what can't be taken back");
  app.add_flag("--no-progress", flags.no_progress, "No progress on standard error");
  app.add_flag("-q,--quiet", flags.quiet, "Findings and errors alone");
  app.add_flag("--reveal", flags.reveal, "Show raw ids and keys instead of short handles");
  app.set_version_flag("--version", fmt::format("{} {}", kName, kVersion));
}

}  // namespace

void AddMailboxFlags(CLI::App& command, MailboxFlags& flags) {
  command.add_option("--account", flags.account, "The account's id, as its tokens name it")->type_name("NAME");
  command.add_option("--mailbox", flags.mailbox, "Its id or partition in hex, or its pseudonym")->type_name("M");
  command.add_option("--pseudonym", flags.pseudonym, "As the log's mb=: p19844:8f2c91d0")->type_name("P");
}

int RunApp(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);
  gpr_set_log_function([](gpr_log_func_args*) {});
  GlobalFlags flags;
  Chosen chosen;
  CLI::App app("Operates a labyrinthd on this machine.", kName);
  app.footer(kExitCodes);
  app.require_subcommand(1);
  app.fallthrough();  // the flags above may follow the command
  AddGlobalFlags(app, flags);
  AddStatus(app, chosen);
  AddConfig(app, chosen);
  AddMailbox(app, chosen);
  AddDevice(app, chosen);
  AddBackup(app, chosen);
  AddCheck(app, chosen);
  AddCompletion(app, chosen);
  if (const std::optional<int> done = cli::Parse(app, argc, argv, flags.output)) return *done;

  Context context(flags);
  absl::Status status = chosen.run(context);
  const absl::Status written = context.out().Finish();
  if (status.ok()) status = written;
  if (!status.ok()) cli::PrintError(kName, status, context.out().json());
  return static_cast<int>(cli::ExitCodeOf(status, chosen.changes));
}

}  // namespace labyrinth::ctl
