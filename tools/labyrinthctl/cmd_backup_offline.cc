// backup list, verify, restore: without a server.
#include <fmt/format.h>

#include <optional>
#include <string>

#include "client/transfer/text.h"
#include "common/clock.h"
#include "common/text.h"
#include "crypto/primitives/system_random.h"
#include "storage/rocksdb/backup.h"
#include "tools/backup/restore_data_dir.h"
#include "tools/cli/exit_code.h"
#include "tools/labyrinthctl/commands.h"
#include "tools/labyrinthctl/task_view.h"
#include "tools/labyrinthctl/text_forms.h"

namespace labyrinth::ctl {
namespace {

using cli::Json;
namespace v1 = labyrinth::v1;

struct DirFlags {
  std::string dir;
};
struct VerifyFlags {
  std::string dir;
  std::string backup;
  uint64_t rate_mib = 0;
};
struct RestoreFlags {
  backup::RestoreRequest request;
  std::string backup;
};

absl::StatusOr<std::optional<storage::BackupName>> NameOf(const std::string& text) {
  if (text.empty()) return std::optional<storage::BackupName>();
  const auto name = storage::BackupName::Parse(text);
  if (!name.has_value()) return cli::Usage("--backup: as 'backup list' names it, say 1.3");
  return name;
}

absl::Status List(Context& context, const DirFlags& flags) {
  const auto listed = storage::ListBackups(flags.dir);
  if (!listed.ok()) return listed.status();
  uint64_t damaged = 0;
  cli::Output& out = context.out();
  out.BeginList(Json::object(), "backups");
  for (const storage::ListedBackup& backup : *listed) {
    const std::string name = backup.name.text();
    if (!backup.record.ok()) {
      ++damaged;
      out.Line(fmt::format("{:<8}DAMAGED", name));
      out.Item({{"name", name}, {"damaged", true}});
      continue;
    }
    const storage::BackupRecord& record = *backup.record;
    out.Line(fmt::format("{:<8}{}  {} files, {}", name, TimeText(record.create_ms), Grouped(record.files),
                         BytesText(record.bytes)));
    out.Item({{"name", name}, {"create_ms", record.create_ms}, {"files", record.files}, {"bytes", record.bytes}});
  }
  out.EndList();
  if (listed->empty()) out.Line("no backups");
  if (damaged > 0) return cli::Findings(fmt::format("{} backups are damaged", damaged));
  return absl::OkStatus();
}

absl::StatusOr<std::string> RunVerify(const VerifyFlags& flags, storage::VerifyOptions options, TaskView& view) {
  options.bytes_per_second = flags.rate_mib << 20;
  options.on_progress = [&](const storage::BackupProgress& progress) {
    view.OnProgress(progress.done_bytes, progress.total_bytes, "bytes");
    return !view.cancelled();
  };
  const auto verified = storage::VerifyBackups(flags.dir, options);
  if (!verified.ok()) return verified.status();
  for (const storage::BackupFinding& found : verified->findings) {
    v1::Finding finding;
    finding.set_name("backup_file_damaged");
    finding.set_detail(fmt::format("{}: {}", found.path, found.what));
    finding.set_state(v1::FINDING_STATE_PRIMARY);
    view.OnFinding(finding);
  }
  return fmt::format("{} backups, {} files, {} read", Grouped(verified->backups.size()), Grouped(verified->files),
                     BytesText(verified->bytes));
}

absl::Status Verify(Context& context, const VerifyFlags& flags) {
  const auto name = NameOf(flags.backup);
  if (!name.ok()) return name.status();
  storage::VerifyOptions options;
  if (name->has_value()) options.only.push_back(**name);
  TaskView view(context, "verifying");
  return view.End(RunVerify(flags, std::move(options), view));
}

absl::Status Restore(Context& context, const RestoreFlags& flags) {
  const auto name = NameOf(flags.backup);
  if (!name.ok()) return name.status();
  backup::RestoreRequest request = flags.request;
  request.name = *name;
  if (request.without_journal) {
    if (!request.journal.empty()) return cli::Usage("--without-journal: not together with --journal");
    const absl::Status sure =
        context.Confirm("whoever was removed after this backup was made comes back", request.data_dir);
    if (!sure.ok()) return sure;
  }
  const SystemClock clock;
  crypto::SystemRandom random;
  absl::StatusOr<backup::RestoreReport> report;
  {
    TaskView view(context, "restoring");
    report = backup::RestoreDataDir(request, {}, clock, random, [&](const backup::RestoreProgress& progress) {
      const bool bytes = progress.step == backup::RestoreProgress::Step::kVerify;
      view.OnProgress(progress.done, progress.total, bytes ? "bytes" : "mailboxes");
      return !view.cancelled();
    });
    // No server is asked here: a disk that refuses isn't one that can't be reached.
    if (absl::IsUnavailable(report.status())) report = absl::FailedPreconditionError(report.status().message());
    const absl::Status ended = view.End(report.ok() ? absl::StatusOr<std::string>("restored") : report.status());
    if (!ended.ok()) return ended;
  }
  const restore::SafeStore& safe = report->safe;
  cli::Output& out = context.out();
  out.Line(fmt::format("backup {} of {} is in {}", report->backup.name.text(), TimeText(report->backup.create_ms),
                       client::Printable(request.data_dir)));
  out.Line(fmt::format("generation {}; {} mailboxes have to rotate before they save", safe.generation,
                       Grouped(safe.mailboxes - safe.deleted_mailboxes)));
  out.Line(request.without_journal
               ? "NO JOURNAL was replayed: whoever was removed after the backup was made is back"
               : fmt::format("from the journal: {} devices removed again, {} keys barred, {} mailboxes deleted again",
                             Grouped(safe.revoked_devices), Grouped(safe.barred_keys),
                             Grouped(safe.deleted_mailboxes)));
  return absl::OkStatus();
}

}  // namespace

void AddBackupOffline(cli::Command backup, Chosen& chosen) {
  const auto list = std::make_shared<DirFlags>();
  cli::Command command =
      AddCommand(backup, chosen, "list", "The backups of a directory, oldest first", false, &List, list);
  command.AddOption("DIR", &list->dir, "A directory of backups", {.required = true});

  const auto verify = std::make_shared<VerifyFlags>();
  command = AddCommand(backup, chosen, "verify", "Read every byte of the backups and compare checksums", false, &Verify,
                       verify);
  command.AddOption("DIR", &verify->dir, "A directory of backups", {.required = true});
  command.AddOption("--backup", &verify->backup, "One alone, as 'list' names it", {.value_name = "N.M"});
  AddRate(command, verify->rate_mib);

  const auto restore = std::make_shared<RestoreFlags>();
  command = AddCommand(backup, chosen, "restore", "Make a data directory from a backup; no server runs on it", true,
                       &Restore, restore);
  command.AddOption("DIR", &restore->request.backups, "A directory of backups", {.required = true});
  command.AddOption("--to", &restore->request.data_dir, "The data directory: empty, or not there yet",
                    {.value_name = "EMPTY", .required = true});
  command.AddOption("--backup", &restore->backup, "Not the newest but this one", {.value_name = "N.M"});
  command.AddOption("--journal", &restore->request.journal,
                    "The journal of revocations; else revocations.journal in EMPTY", {.value_name = "FILE"});
  command.AddFlag("--without-journal", &restore->request.without_journal,
                  "It is lost: whoever was removed after the backup was made comes back");
}

}  // namespace labyrinth::ctl
