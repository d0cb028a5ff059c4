#include "tools/labyrinthctl/app.h"

#include <fmt/format.h>
#include <grpc/support/log.h>
#include <signal.h>

#include <optional>
#include <string>

#include "common/version.h"
#include "tools/cli/command.h"
#include "tools/cli/exit_code.h"
#include "tools/labyrinthctl/commands.h"
#include "tools/labyrinthctl/context.h"

namespace labyrinth::ctl {
namespace {

constexpr char kName[] = "labyrinthctl";
void AddGlobalFlags(cli::Command root, GlobalFlags& flags) {
  root.AddOption("--socket", &flags.socket,
                 "The server's admin socket (LABYRINTH_ADMIN_SOCKET; else /var/lib/labyrinth/admin.sock)",
                 {.value_name = "PATH"});
  root.AddOption("--data-dir", &flags.data_dir, "The server's data directory, which has the socket",
                 {.value_name = "DIR"});
  root.AddOption("--output", &flags.output, "text, json or jsonl",
                 {.value_name = "FORM", .shows_default = true, .check = cli::OneOf({"text", "json", "jsonl"})});
  root.AddOption("--timeout", &flags.timeout_s, "Seconds to wait for an answer; tasks have no end",
                 {.value_name = "S", .shows_default = true, .check = cli::InRange(0.001, 86400.0)});
  root.AddFlag("--yes", &flags.yes, "Don't ask before what can't be taken back");
  root.AddFlag("--no-progress", &flags.no_progress, "No progress on standard error");
  root.AddFlag("-q,--quiet", &flags.quiet, "Findings and errors alone");
  root.AddFlag("--reveal", &flags.reveal, "Show raw ids and keys instead of short handles");
}

}  // namespace

void AddMailboxFlags(cli::Command command, MailboxFlags& flags) {
  command.AddOption("--account", &flags.account, "The account's id, as its tokens name it", {.value_name = "NAME"});
  command.AddOption("--mailbox", &flags.mailbox, "Its id or partition in hex, or its pseudonym", {.value_name = "M"});
  command.AddOption("--pseudonym", &flags.pseudonym, "As the log's mb=: p19844:8f2c91d0", {.value_name = "P"});
}

int RunApp(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);
  gpr_set_log_function([](gpr_log_func_args*) {});
  GlobalFlags flags;
  Chosen chosen;
  cli::CommandLine command_line("Operates a labyrinthd on this machine.", kName);
  const cli::Command root = command_line.root();
  AddGlobalFlags(root, flags);
  command_line.AddVersionFlag(fmt::format("{} {}", kName, kVersion));
  AddStatus(root, chosen);
  AddConfig(root, chosen);
  AddMailbox(root, chosen);
  AddDevice(root, chosen);
  AddBackup(root, chosen);
  AddCheck(root, chosen);
  AddCompletion(root, chosen);
  if (const std::optional<int> done = command_line.Parse(argc, argv, flags.output)) return *done;

  Context context(flags);
  absl::Status status = chosen.run(context);
  const absl::Status written = context.out().Finish();
  if (status.ok()) status = written;
  if (!status.ok()) cli::PrintError(kName, status, context.out().json());
  return static_cast<int>(cli::ExitCodeOf(status, chosen.changes));
}

}  // namespace labyrinth::ctl
