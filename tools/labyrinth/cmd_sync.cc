#include <fmt/format.h>

#include <memory>

#include "client/sync/local_history.h"
#include "client/transfer/status.h"
#include "common/text.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/interrupt.h"
#include "tools/cli/progress_bar.h"
#include "tools/labyrinth/commands.h"

namespace labyrinth::cli {
namespace {

struct SyncFlags {
  bool rebuild = false;
  bool erase = false;
  bool save_lacking = false;
};

absl::Status RunSync(Context& context, const SyncFlags& flags) {
  if (flags.erase && (flags.rebuild || flags.save_lacking)) return Usage("--erase: not together with other flags");
  if (flags.rebuild && flags.save_lacking) return Usage("--rebuild: loses what --save-lacking would save");
  InterruptScope interrupt;
  auto client = context.OpenClient();
  if (!client.ok()) return client.status();
  Output& out = context.out();
  if (flags.erase) {
    if (absl::Status s = client::LocalHistory::Erase(**client); !s.ok()) return s;
    out.Line("the local copy is gone");
    out.Document({{"erased", true}});
    return absl::OkStatus();
  }
  auto local = flags.rebuild ? client::LocalHistory::Rebuild(**client) : client::LocalHistory::Open(**client);
  // The copy's damage says nothing about the history.
  if (absl::IsDataLoss(local.status())) {
    return absl::FailedPreconditionError(
        fmt::format("{} ('labyrinth sync --rebuild')", client::TextOf(local.status())));
  }
  if (!local.ok()) return local.status();
  absl::StatusOr<client::SyncReport> report;
  {
    ProgressBar bar("copying", "messages");
    report = (*local)->Sync([&](const client::DownloadProgress& now) {
      bar.Update(now.done_count + now.vanished_count, now.total_count);
      return !interrupt.interrupted();
    });
  }
  if (!report.ok()) return report.status();
  Json document = {{"first_copied", report->first_copied}, {"changes", report->changes.size()},
                   {"resynced", report->resynced},         {"restored", report->restored},
                   {"refused", report->tampering.size()},  {"lacking", report->lacking.size()}};
  uint64_t lacking = report->lacking.size();
  if (report->restored || lacking > 0) {
    out.Line(fmt::format("the server came back from a backup and lacks {} messages that are here", Grouped(lacking)));
  }
  if (flags.save_lacking && lacking > 0) {
    const auto saved = (*local)->SaveLacking();
    if (!saved.ok()) return saved.status();
    const auto again = (*local)->Sync();
    if (!again.ok()) return again.status();
    lacking = again->lacking.size();
    out.Line(fmt::format("saved {} of them again; {} were there again already, {} were deleted meanwhile",
                         Grouped(saved->saved), Grouped(saved->existing), Grouped(saved->deleted)));
    document["saved_again"] = saved->saved;
  }
  const auto count = (*local)->CountMessages();
  if (!count.ok()) return count.status();
  out.Line(fmt::format("the local copy has {} messages; {} changes since the last time", Grouped(*count),
                       Grouped(report->first_copied + report->changes.size())));
  document["messages"] = *count;
  out.Document(document);
  if (!report->tampering.empty()) {
    return Findings(fmt::format("{} messages were refused: 'labyrinth verify' says more", report->tampering.size()));
  }
  if (lacking > 0) {
    return Findings(fmt::format("{} messages are in this copy alone: 'labyrinth sync --save-lacking' saves them again",
                                Grouped(lacking)));
  }
  return absl::OkStatus();
}

}  // namespace

void AddSync(Command root, Chosen& chosen) {
  auto flags = std::make_shared<SyncFlags>();
  Command command =
      AddCommand(root, chosen, "sync",
                 "Bring the profile's own copy of the history up to date; it holds the messages in the clear",
                 /*changes=*/true, RunSync, flags);
  command.AddFlag("--save-lacking", &flags->save_lacking,
                  "After the server came back from a backup: save again what it lost");
  command.AddFlag("--rebuild", &flags->rebuild, "Throw the copy away and copy everything anew");
  command.AddFlag("--erase", &flags->erase, "Throw the copy away");
}

}  // namespace labyrinth::cli
