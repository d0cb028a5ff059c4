// backup create
#include <filesystem>
#include <system_error>

#include "tools/cli/exit_code.h"
#include "tools/labyrinthctl/commands.h"
#include "tools/labyrinthctl/task_view.h"

namespace labyrinth::ctl {
namespace {

namespace v1 = labyrinth::v1;

struct CreateFlags {
  std::string dir;
  bool full = false;
  // Unbounded, on a disk as fast as processors are, a backup leaves saves less than half of their rate; so, most of it.
  uint64_t rate_mib = 128;
  uint32_t keep = 0;
};

absl::Status Create(Context& context, const CreateFlags& flags) {
  // The server has a working directory of its own.
  std::error_code error;
  const std::filesystem::path dir = std::filesystem::absolute(flags.dir, error);
  if (error) return cli::Usage("DIR: " + error.message());
  v1::RunTaskRequest request;
  request.mutable_backup()->set_dir(dir.string());
  request.mutable_backup()->set_full(flags.full);
  request.mutable_backup()->set_keep(flags.keep);
  request.mutable_backup()->set_rate_bytes_per_second(flags.rate_mib << 20);
  return RunInServer(context, "backing up", request);
}

}  // namespace

void AddBackup(cli::Command root, Chosen& chosen) {
  cli::Command backup = root.AddGroup("backup", "Copies of the store");
  const auto create = std::make_shared<CreateFlags>();
  cli::Command command = AddCommand(backup, chosen, "create", "Copy the store while it serves", true, &Create, create);
  command.AddOption("DIR", &create->dir, "A directory of backups on the server's machine", {.required = true});
  command.AddFlag("--full", &create->full, "Also what an earlier backup there holds already");
  AddRate(command, create->rate_mib, ", read and written");
  command.AddOption("--keep", &create->keep, "Remove the oldest backups there until N are left", {.value_name = "N"});
  AddBackupOffline(backup, chosen);
}

}  // namespace labyrinth::ctl
