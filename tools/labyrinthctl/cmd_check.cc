// check, verify, compact
#include <fmt/format.h>

#include "service/admin/check_task.h"
#include "service/server/store_tasks.h"
#include "tools/cli/exit_code.h"
#include "tools/labyrinthctl/commands.h"
#include "tools/labyrinthctl/offline.h"
#include "tools/labyrinthctl/task_view.h"

namespace labyrinth::ctl {
namespace {

namespace v1 = labyrinth::v1;

struct CheckFlags {
  MailboxFlags mailbox;
  bool repair = false;
  bool dry_run = false;
};
struct VerifyFlags {
  uint64_t rate_mib = 0;
};
struct CompactFlags {};

absl::Status Check(Context& context, const CheckFlags& flags) {
  if (flags.dry_run && !flags.repair) return cli::Usage("--dry-run: only with --repair");
  v1::RunTaskRequest request;
  v1::CheckTask& check = *request.mutable_check();
  const MailboxFlags& mailbox = flags.mailbox;
  if (!mailbox.account.empty() || !mailbox.mailbox.empty() || !mailbox.pseudonym.empty()) {
    auto ref = ToRef(mailbox);
    if (!ref.ok()) return ref.status();
    *check.mutable_mailbox() = *std::move(ref);
  }
  check.set_repair(flags.repair);
  check.set_dry_run(flags.dry_run);
  check.set_reveal(context.flags().reveal);
  if (!IsOffline(context)) return RunInServer(context, "checking", request);

  auto store = OfflineStore::Open(context.flags().data_dir);
  if (!store.ok()) return store.status();
  if (check.has_mailbox()) {
    auto partition = (*store)->finder().Find(check.mailbox());
    if (!partition.ok()) return partition.status();
    check.mutable_mailbox()->set_partition(*std::move(partition));
  }
  TaskView view(context, "checking");
  storage::RocksdbEngine& engine = (*store)->engine();
  return view.End(service::RunCheck(engine, engine.blobs(), (*store)->pseudonyms(), (*store)->now_ms(), check, view));
}

absl::Status Verify(Context& context, const VerifyFlags& flags) {
  v1::RunTaskRequest request;
  request.mutable_verify()->set_rate_bytes_per_second(flags.rate_mib << 20);
  if (!IsOffline(context)) return RunInServer(context, "verifying", request);
  const auto engine = OpenEngine(context.flags().data_dir);
  if (!engine.ok()) return engine.status();
  TaskView view(context, "verifying");
  return view.End(service::RunVerify(**engine, request.verify(), view));
}

absl::Status Compact(Context& context, const CompactFlags&) {
  v1::RunTaskRequest request;
  request.mutable_compact();
  return RunInServer(context, "compacting", request);
}

}  // namespace

void AddCheck(cli::Command root, Chosen& chosen) {
  const auto check = std::make_shared<CheckFlags>();
  cli::Command command =
      AddCommand(root, chosen, "check", "Cross-examine every row of every mailbox", false, &Check, check);
  AddMailboxFlags(command, check->mailbox);
  command.AddFlag("--repair", &check->repair, "Write anew what is derived from other rows");
  command.AddFlag("--dry-run", &check->dry_run, "With --repair: say what it would do");

  const auto verify = std::make_shared<VerifyFlags>();
  command =
      AddCommand(root, chosen, "verify", "Read every byte of the store and compare checksums", false, &Verify, verify);
  AddRate(command, verify->rate_mib);

  AddCommand(root, chosen, "compact", "Merge what was deleted out of the store's files", true, &Compact,
             std::make_shared<CompactFlags>());
}

}  // namespace labyrinth::ctl
