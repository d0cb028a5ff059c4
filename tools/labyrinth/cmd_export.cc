#include <fmt/format.h>

#include <memory>
#include <optional>
#include <utility>

#include "client/transfer/history_source.h"
#include "client/transfer/jsonl_export.h"
#include "client/transfer/text.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/interrupt.h"
#include "tools/cli/progress_bar.h"
#include "tools/labyrinth/commands.h"

namespace labyrinth::cli {
namespace {

struct ExportFlags {
  std::string folder;
  bool resume = false;
};

absl::Status RunExport(Context& context, const ExportFlags& flags) {
  InterruptScope interrupt;
  auto client = context.OpenClient();
  if (!client.ok()) return client.status();
  if (auto settled = (*client)->attachments().Settle(); !settled.ok()) return settled.status();
  client::ClientHistorySource source(**client);
  absl::StatusOr<client::JsonlExportReport> report;
  {
    std::optional<ProgressBar> bar;
    bar.emplace("loading", "messages");
    bool writing = false;
    const auto loaded = [&](uint64_t done, uint64_t total) {
      bar->Update(done, total);
      return !interrupt.interrupted();
    };
    const auto written = [&](uint64_t done, uint64_t total) {
      if (!std::exchange(writing, true)) bar.emplace("writing", "messages");
      bar->Update(done, total);
      return !interrupt.interrupted();
    };
    report = client::ExportJsonl(
        source, flags.folder, {.resume = flags.resume, .html_zone = absl::LocalTimeZone(), .download_progress = loaded},
        written);
  }
  if (!report.ok()) return report.status();
  Output& out = context.out();
  out.Line(fmt::format("exported {} messages of {} threads to {}", Grouped(report->messages), Grouped(report->threads),
                       client::Printable(flags.folder)));
  if (report->attachments > 0) out.Line(fmt::format("with {} attachments", Grouped(report->attachments)));
  out.Line(fmt::format("to read it, open {}/index.html", client::Printable(flags.folder)));
  out.Line(fmt::format("sha256 {}", report->sha256));
  out.Document({{"folder", flags.folder},
                {"threads", report->threads},
                {"messages", report->messages},
                {"unverified_messages", report->unverified_messages},
                {"refused_messages", report->refused_messages},
                {"reused_threads", report->reused_threads},
                {"attachments", report->attachments},
                {"missing_attachments", report->missing_attachments},
                {"refused_attachments", report->refused_attachments},
                {"sha256", report->sha256}});
  const uint64_t lost = report->missing_attachments + report->refused_attachments;
  if (report->refused_messages == 0 && lost == 0) return absl::OkStatus();
  if (report->refused_messages == 0) {
    return Findings(fmt::format("{} attachments are missing or were refused: the lines say which", lost));
  }
  return Findings(fmt::format("{} messages were refused and are not in the export: 'labyrinth verify' says more",
                              report->refused_messages));
}

}  // namespace

void AddExport(Command root, Chosen& chosen) {
  auto flags = std::make_shared<ExportFlags>();
  Command command =
      AddCommand(root, chosen, "export",
                 "Write the whole history and its files, in the clear: lines for programs and pages to read",
                 /*changes=*/false, RunExport, flags);
  command.AddOption("DIR", &flags->folder, "A folder, new or empty", {.required = true});
  command.AddFlag("--resume", &flags->resume, "Continue an interrupted export");
}

}  // namespace labyrinth::cli
