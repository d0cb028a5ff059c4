#include <fmt/format.h>

#include <memory>
#include <optional>

#include "client/transfer/text.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/progress_bar.h"
#include "tools/labyrinth/commands.h"

namespace labyrinth::cli {
namespace {

struct VerifyFlags {};

std::string_view StageText(client::VerifyStage stage) {
  switch (stage) {
    case client::VerifyStage::kMembershipLog:
      return "log";
    case client::VerifyStage::kDevices:
      return "devices";
    case client::VerifyStage::kEpochs:
      return "epochs";
    case client::VerifyStage::kMessages:
      return "messages";
  }
  return {};
}

absl::Status RunVerify(Context& context, const VerifyFlags&) {
  auto client = context.OpenClient();
  if (!client.ok()) return client.status();
  absl::StatusOr<client::VerifyReport> report;
  {
    std::optional<ProgressBar> bar;
    std::optional<client::VerifyStage> stage;
    report = (*client)->Verify([&](const client::VerifyProgress& progress) {
      if (stage != progress.stage) bar.emplace("verifying", std::string(StageText(progress.stage)));
      stage = progress.stage;
      bar->Update(progress.done, progress.total);
    });
  }
  if (!report.ok()) return report.status();

  Output& out = context.out();
  out.Line(fmt::format("membership log: {} entries, {} active devices", report->log_entries, report->active_devices));
  out.Line(fmt::format("epochs: {}", report->epochs));
  out.Line(fmt::format("messages: {} verified, {} unverified, {} refused", Grouped(report->verified_messages),
                       Grouped(report->foreign_messages), Grouped(report->tampered_messages)));
  Json findings = Json::array();
  for (const client::VerifyFinding& finding : report->findings) {
    out.Line(fmt::format("FINDING ({}): {}", StageText(finding.stage), client::Printable(finding.what)));
    findings.push_back({{"stage", StageText(finding.stage)}, {"what", finding.what}});
  }
  for (const std::string& what : report->unprovable) out.Line("not provable here: " + client::Printable(what));
  out.Document({{"log_entries", report->log_entries},
                {"active_devices", report->active_devices},
                {"epochs", report->epochs},
                {"verified_messages", report->verified_messages},
                {"unverified_messages", report->foreign_messages},
                {"refused_messages", report->tampered_messages},
                {"findings", findings},
                {"unprovable", report->unprovable}});
  if (report->clean()) return absl::OkStatus();
  return Findings(fmt::format("verify: {} findings", report->findings.size()));
}

}  // namespace

void AddVerify(Command root, Chosen& chosen) {
  AddCommand(root, chosen, "verify", "Check everything that the server holds for this mailbox", /*changes=*/false,
             RunVerify, std::make_shared<VerifyFlags>());
}

}  // namespace labyrinth::cli
