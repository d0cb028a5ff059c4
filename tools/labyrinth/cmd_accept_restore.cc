#include <fmt/format.h>

#include <memory>

#include "client/restore.h"
#include "common/text.h"
#include "tools/labyrinth/commands.h"

namespace labyrinth::cli {
namespace {

struct AcceptRestoreFlags {};

absl::Status RunAcceptRestore(Context& context, const AcceptRestoreFlags&) {
  auto client = context.OpenClient();
  if (!client.ok()) return client.status();
  const absl::StatusOr<client::RestoreReport> report = (*client)->AcceptRestore();
  if (!report.ok()) return report.status();
  Output& out = context.out();
  out.Line("the server came back from a backup, and this device goes on from there");
  out.Line(fmt::format("membership log: {} entries, of the {} that this device had verified",
                       Grouped(report->log_entries_now), Grouped(report->log_entries_before)));
  out.Line(fmt::format("newest epoch: {}, was {}", report->epoch_now, report->epoch_before));
  if (report->lost_anything()) {
    out.Line("devices and recovery codes that were added in what is lost have to be added again ('labyrinth devices')");
  }
  for (const crypto::PublicKey& key : report->back) {
    out.Line(fmt::format("removed before, and listed again by the server: key {}; the next rotation drops it",
                         ToHex(key.view().substr(0, 8))));
  }
  out.Line("the next save opens a fresh epoch first; 'labyrinth sync --save-lacking' brings lost messages back");
  out.Document({{"generation", report->generation},
                {"log_entries", report->log_entries_now},
                {"log_entries_before", report->log_entries_before},
                {"epoch", report->epoch_now},
                {"epoch_before", report->epoch_before},
                {"removed_devices_back", report->back.size()}});
  return absl::OkStatus();
}

}  // namespace

void AddAcceptRestore(Command root, Chosen& chosen) {
  AddCommand(root, chosen, "accept-restore",
             "Go on with a server that was restored from a backup, after it announced that: shows what it lost",
             /*changes=*/true, RunAcceptRestore, std::make_shared<AcceptRestoreFlags>());
}

}  // namespace labyrinth::cli
