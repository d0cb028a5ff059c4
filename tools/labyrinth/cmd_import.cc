#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include "client/transfer/import.h"
#include "client/transfer/messenger_export.h"
#include "client/transfer/status.h"
#include "tools/cli/interrupt.h"
#include "tools/cli/progress_bar.h"
#include "tools/labyrinth/commands.h"
#include "tools/labyrinth/device_name.h"

namespace labyrinth::cli {
namespace {

constexpr char kJournal[] = "import.journal";

struct ImportFlags {
  std::string path;
  bool dry_run = false;
  bool resume = false;
};

struct Named {
  const char* name;
  uint64_t client::ExportOmissions::*count;
};
constexpr Named kLeftOut[] = {{"photos", &client::ExportOmissions::photos},
                              {"videos", &client::ExportOmissions::videos},
                              {"audio_files", &client::ExportOmissions::audio_files},
                              {"gifs", &client::ExportOmissions::gifs},
                              {"files", &client::ExportOmissions::files},
                              {"stickers", &client::ExportOmissions::stickers},
                              {"calls", &client::ExportOmissions::calls},
                              {"reactions", &client::ExportOmissions::reactions},
                              {"repeated_messages", &client::ExportOmissions::repeated_messages},
                              {"messages_without_sender", &client::ExportOmissions::messages_without_sender},
                              {"messages_without_content", &client::ExportOmissions::messages_without_content},
                              {"unrepaired_strings", &client::ExportOmissions::unrepaired_strings}};

void PrintOmissions(Output& out, const client::ExportOmissions& omissions) {
  std::string text;
  for (const Named& named : kLeftOut) {
    const uint64_t n = omissions.*named.count;
    if (n == 0) continue;
    std::string name = named.name;
    for (char& c : name) c = c == '_' ? ' ' : c;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", Grouped(n), name);
  }
  if (!text.empty()) out.Line("not imported, or odd: " + text);
}

Json OmissionsDocument(const client::ExportOmissions& omissions) {
  Json out = Json::object();
  for (const Named& named : kLeftOut) out[named.name] = omissions.*named.count;
  return out;
}

absl::StatusOr<client::ExportSummary> Check(const client::MessengerExport& source, const InterruptScope& interrupt) {
  ProgressBar bar("checking", "files");
  return source.Validate([&](uint64_t done, uint64_t total) {
    bar.Update(done, total);
    return !interrupt.interrupted();
  });
}

absl::StatusOr<client::ImportReport> Save(Context& context, const client::MessengerExport& source, uint64_t total,
                                          bool resume, const InterruptScope& interrupt, double& seconds) {
  auto client = context.OpenClient();
  if (!client.ok()) return client.status();
  client::History& history = (*client)->history();
  absl::StatusOr<crypto::ImportIds> ids = history.ImportIds();
  if (!ids.ok()) return ids.status();
  auto journal = client::ImportJournal::Open(context.profile() + "/" + kJournal, resume);
  if (!journal.ok()) return journal.status();
  const auto start = std::chrono::steady_clock::now();
  uint64_t saved = 0;
  std::optional<client::RotationReport> rotation;
  absl::StatusOr<client::ImportReport> report;
  {
    ProgressBar bar("saving", "messages");
    report = client::ImportExport(
        source, *ids,
        [&](std::span<const client::NewMessage> batch) {
          auto saving = history.Save(batch);
          if (saving.ok() && saving->rotation.has_value()) rotation = saving->rotation;
          return saving;
        },
        *journal,
        [&](uint64_t done) {
          saved = done;
          bar.Update(done, total);
          return !interrupt.interrupted();
        });
  }
  if (rotation.has_value()) PrintRotation(context.out(), *rotation);
  seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  if (!report.ok()) {
    return client::In(fmt::format("{} of {} messages are saved ('import --resume' goes on)", saved, total),
                      report.status());
  }
  return report;
}

absl::Status RunImport(Context& context, const ImportFlags& flags) {
  InterruptScope interrupt;
  absl::StatusOr<client::MessengerExport> source = client::MessengerExport::Open(flags.path);
  if (!source.ok()) return source.status();
  absl::StatusOr<client::ExportSummary> summary = Check(*source, interrupt);
  if (!summary.ok()) return summary.status();
  Output& out = context.out();
  Json document = {{"threads", summary->threads},
                   {"messages", summary->messages},
                   {"content_bytes", summary->content_bytes},
                   {"omissions", OmissionsDocument(summary->omissions)},
                   {"dry_run", flags.dry_run}};
  if (flags.dry_run) {
    out.Line(fmt::format("would import {} messages of {} threads, {} bytes", Grouped(summary->messages),
                         Grouped(summary->threads), Grouped(summary->content_bytes)));
    PrintOmissions(out, summary->omissions);
    out.Document(document);
    return absl::OkStatus();
  }

  double seconds = 0;
  absl::StatusOr<client::ImportReport> report =
      Save(context, *source, summary->messages, flags.resume, interrupt, seconds);
  if (!report.ok()) return report.status();
  const uint64_t sent = report->created + report->existing + report->deleted;
  const double rate = seconds > 0 ? static_cast<double>(sent) / seconds : 0;
  out.Line(fmt::format(
      "saved {} messages of {} threads: {} new, {} already there{}{}", Grouped(report->messages()),
      Grouped(report->threads), Grouped(report->created), Grouped(report->existing + report->skipped),
      report->deleted > 0 ? fmt::format(", {} deleted before and left so", report->deleted) : "",
      fmt::format("; {:.1f} s, {} a second, each durable", seconds, Grouped(static_cast<uint64_t>(rate + 0.5)))));
  PrintOmissions(out, summary->omissions);
  document["created"] = report->created;
  document["existing"] = report->existing;
  document["deleted"] = report->deleted;
  document["skipped"] = report->skipped;
  document["batches"] = report->batches;
  document["elapsed_ms"] = static_cast<int64_t>(seconds * 1000);
  document["messages_per_second"] = static_cast<int64_t>(rate);
  out.Document(document);
  return absl::OkStatus();
}

}  // namespace

void AddImport(Command root, Chosen& chosen) {
  auto flags = std::make_shared<ImportFlags>();
  Command command =
      AddCommand(root, chosen, "import", "Import a Messenger data export (JSON); again changes nothing twice",
                 /*changes=*/true, RunImport, flags);
  command.AddOption("EXPORT", &flags->path, "The export: a zip file, a folder, or one message_N.json",
                    {.required = true});
  command.AddFlag("--dry-run", &flags->dry_run, "Only check and count: needs neither profile nor server");
  command.AddFlag("--resume", &flags->resume, "Skip what an interrupted import has saved");
  command.Exclude("--resume", "--dry-run");
}

}  // namespace labyrinth::cli
