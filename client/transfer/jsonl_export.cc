#include "client/transfer/jsonl_export.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "client/transfer/digest.h"
#include "client/transfer/export_attachments.h"
#include "client/transfer/html_export.h"
#include "client/transfer/jsonl_line.h"
#include "client/transfer/jsonl_progress.h"
#include "client/transfer/output_folder.h"
#include "client/transfer/text.h"
#include "common/bytes.h"

namespace labyrinth::client {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kThreads[] = "threads", kIndex[] = "index.jsonl", kManifest[] = "manifest.json";

// File names have 255 bytes, thread ids up to 128.
constexpr std::size_t kPlainNameBytes = 32;

std::string NameOf(const std::string& thread_id) {
  if (thread_id.size() <= kPlainNameBytes) return ToHex(thread_id);
  StreamDigest digest;
  digest.Add(thread_id);
  return digest.FinishHex();
}

struct Thread {
  std::string id;
  std::string newest;  // the newest row's id and revision: changes with a new, replaced or deleted newest message
};

// By name, which is the order of the export.
absl::StatusOr<std::map<std::string, Thread>> ListThreads(HistorySource& source) {
  std::map<std::string, Thread> threads;
  absl::Status listed = source.ForEachThread([&threads](const HistoryMessage& newest) {
    const RowClaims& row = newest.row();
    threads.try_emplace(NameOf(row.thread_id),
                        Thread{row.thread_id, fmt::format("{}/{}", ToHex(row.message_id), row.revision)});
    return absl::OkStatus();
  });
  if (!listed.ok()) return listed;
  return threads;
}

// One run. Thread-compatible.
class Exporter {
 public:
  Exporter(HistorySource& source, const OutputFolder& folder, const std::string& path,
           const HistorySource::Totals& totals, const JsonlExportOptions& options, const JsonlProgress& progress)
      : source_(source),
        folder_(folder),
        path_(path),
        totals_(totals),
        options_(options),
        progress_(progress),
        attachments_(source, path, report_) {}

  absl::StatusOr<JsonlExportReport> Run(const JsonlProgressFile::Loaded& earlier) {
    absl::StatusOr<std::map<std::string, Thread>> threads = ListThreads(source_);
    if (!threads.ok()) return threads.status();
    if (absl::Status s = folder_.MakeSubfolder(kThreads); !s.ok()) return s;
    if (absl::Status s = attachments_.RemovePartial(); !s.ok()) return s;
    for (const auto& [name, thread] : earlier.threads) {
      // Deleted as a whole since.
      if (threads->contains(name)) continue;
      if (absl::Status s = folder_.Remove(FileOf(name)); !s.ok()) return s;
    }
    absl::StatusOr<JsonlProgressFile> journal =
        JsonlProgressFile::Start(folder_, totals_.fingerprint, /*keep=*/earlier.same_mailbox);
    if (!journal.ok()) return journal.status();
    absl::StatusOr<OutputFile> index = folder_.Create(kIndex);
    if (!index.ok()) return index.status();
    for (const auto& [name, thread] : *threads) {
      const auto finished = earlier.threads.find(name);
      std::optional<Json> entry;
      if (earlier.same_mailbox && finished != earlier.threads.end() && finished->second.newest == thread.newest) {
        entry = Reuse(name, finished->second.entry);
      }
      if (!entry) {
        absl::StatusOr<Json> written = WriteThread(name, thread.id);
        if (!written.ok()) return written.status();
        entry = *std::move(written);
      }
      if (absl::Status s = journal->Add(name, {thread.newest, *entry}); !s.ok()) return s;
      // A thread whose last message expired meanwhile, or whose every row was refused, has no line.
      if (Number(*entry, "messages") == 0) continue;
      ++report_.threads;
      if (absl::Status s = index->Write(JsonLine(*entry)); !s.ok()) return s;
    }
    if (absl::Status s = index->Commit(); !s.ok()) return s;
    return Finish();
  }

 private:
  static std::string FileOf(const std::string& name) { return fmt::format("{}/{}.jsonl", kThreads, name); }

  // The earlier run's entry, if its file is still what it says.
  std::optional<Json> Reuse(const std::string& name, const Json& entry) {
    const uint64_t messages = Number(entry, "messages");
    StreamDigest digest;
    if (messages > 0) {
      absl::StatusOr<bool> read = folder_.Read(FileOf(name), [&](std::string_view piece) { digest.Add(piece); });
      if (!read.ok() || !*read || !entry.contains("sha256") || entry["sha256"] != digest.FinishHex())
        return std::nullopt;
      read = folder_.Read(FileOf(name), [&](std::string_view piece) { all_lines_.Add(piece); });
    }
    report_.messages += messages;
    report_.unverified_messages += Number(entry, "unverified_messages");
    report_.refused_messages += Number(entry, "refused_messages");
    report_.attachments += Number(entry, "attachments");
    report_.missing_attachments += Number(entry, "missing_attachments");
    report_.refused_attachments += Number(entry, "refused_attachments");
    ++report_.reused_threads;
    return entry;
  }

  static uint64_t Number(const Json& entry, const char* key) {
    const auto it = entry.find(key);
    return it != entry.end() && it->is_number_unsigned() ? it->get<uint64_t>() : 0;
  }

  absl::StatusOr<Json> WriteThread(const std::string& name, const std::string& thread_id) {
    absl::StatusOr<OutputFile> file = folder_.Create(FileOf(name));
    if (!file.ok()) return file.status();
    StreamDigest digest;
    std::string title;
    uint64_t messages = 0, unverified = 0, refused = 0;
    int64_t first_ms = 0, last_ms = 0;
    const JsonlExportReport before = report_;
    const auto go_on = [&] { return !progress_ || progress_(report_.messages + messages, totals_.messages); };
    absl::Status walked = source_.ForEachMessage(thread_id, [&](const HistoryMessage& message) -> absl::Status {
      if ((report_.messages + messages) % kProgressEvery == 0 && !go_on()) return absl::CancelledError("interrupted");
      const std::optional<ShownMessage> shown = Show(message);
      if (!shown) {
        ++refused;
        return absl::OkStatus();
      }
      if (shown->chat && !shown->chat->thread_title.empty()) title = shown->chat->thread_title;
      if (messages++ == 0) first_ms = message.row().timestamp_ms;
      last_ms = message.row().timestamp_ms;
      if (!shown->verified) ++unverified;
      Json document = MessageJson(message, *shown);
      if (absl::Status s = attachments_.Save(message.row(), *shown, document, go_on); !s.ok()) return s;
      const std::string line = JsonLine(document);
      digest.Add(line);
      all_lines_.Add(line);
      return file->Write(line);
    });
    if (!walked.ok()) return walked;
    if (messages > 0) {
      if (absl::Status s = file->Commit(); !s.ok()) return s;
    } else if (absl::Status s = folder_.Remove(FileOf(name)); !s.ok()) {
      return s;
    }
    report_.messages += messages;
    report_.unverified_messages += unverified;
    report_.refused_messages += refused;
    Json entry = {{"thread_id", ToHex(thread_id)}, {"title", title},       {"file", FileOf(name)},
                  {"messages", messages},          {"first_ms", first_ms}, {"last_ms", last_ms}};
    if (unverified > 0) entry["unverified_messages"] = unverified;
    if (refused > 0) entry["refused_messages"] = refused;
    const auto counted = [&](const char* key, uint64_t now, uint64_t then) {
      if (now > then) entry[key] = now - then;
    };
    counted("attachments", report_.attachments, before.attachments);
    counted("missing_attachments", report_.missing_attachments, before.missing_attachments);
    counted("refused_attachments", report_.refused_attachments, before.refused_attachments);
    entry["sha256"] = digest.FinishHex();
    return entry;
  }

  // The manifest appears when all that it speaks of is durable.
  absl::StatusOr<JsonlExportReport> Finish() {
    report_.sha256 = all_lines_.FinishHex();
    if (options_.html_zone) {
      if (absl::Status s = WriteHtmlPages(folder_, path_, *options_.html_zone); !s.ok()) return s;
    }
    // A finished export is all that is in the folder.
    if (absl::Status s = source_.Unload(); !s.ok()) return s;
    const Json manifest = {{"format", "labyrinth-export/1"},
                           {"threads", report_.threads},
                           {"messages", report_.messages},
                           {"unverified_messages", report_.unverified_messages},
                           {"refused_messages", report_.refused_messages},
                           {"attachments", report_.attachments},
                           {"missing_attachments", report_.missing_attachments},
                           {"refused_attachments", report_.refused_attachments},
                           {"sha256", report_.sha256}};
    if (absl::Status s = folder_.Sync(); !s.ok()) return s;
    absl::StatusOr<OutputFile> file = folder_.Create(kManifest);
    if (!file.ok()) return file.status();
    if (absl::Status s = file->Write(manifest.dump(2) + "\n"); !s.ok()) return s;
    if (absl::Status s = file->Commit(); !s.ok()) return s;
    if (absl::Status s = folder_.Remove(JsonlProgressFile::kName); !s.ok()) return s;
    if (absl::Status s = folder_.Sync(); !s.ok()) return s;
    if (progress_) progress_(report_.messages, std::max(totals_.messages, report_.messages));
    return report_;
  }

  static constexpr uint64_t kProgressEvery = 64;

  HistorySource& source_;
  const OutputFolder& folder_;
  const std::string& path_;
  const HistorySource::Totals& totals_;
  const JsonlExportOptions& options_;
  const JsonlProgress& progress_;
  StreamDigest all_lines_;
  JsonlExportReport report_;
  ExportAttachments attachments_;
};

absl::Status Refused(const std::string& path, std::string_view why) {
  return absl::FailedPreconditionError(fmt::format("{}: {}", Printable(path), why));
}

}  // namespace

absl::StatusOr<JsonlExportReport> ExportJsonl(HistorySource& source, const std::string& path,
                                              const JsonlExportOptions& options, const JsonlProgress& progress) {
  absl::StatusOr<OutputFolder> folder = OutputFolder::Open(path);
  if (!folder.ok()) return folder.status();
  absl::StatusOr<bool> empty = folder->IsEmpty();
  if (!empty.ok()) return empty.status();
  if (!*empty && !options.resume) return Refused(path, "not empty (--resume continues an interrupted export)");
  if (folder->Has(kManifest)) return Refused(path, "holds a finished export");
  // The folder is judged before the network is asked.
  absl::StatusOr<JsonlProgressFile::Loaded> earlier = JsonlProgressFile::Load(*folder, "");
  if (!earlier.ok()) return earlier.status();
  if (!*empty && !earlier->ours) return Refused(path, "not empty, and not an interrupted export");
  if (!earlier->ours) {
    // So that the folder is known for an interrupted export from here on.
    auto begun = JsonlProgressFile::Start(*folder, "", /*keep=*/false);
    if (!begun.ok()) return begun.status();
  }
  absl::Status loaded = source.Load(path, [&options](uint64_t done, uint64_t total) {
    return !options.download_progress || options.download_progress(done, total);
  });
  if (!loaded.ok()) return loaded;
  absl::StatusOr<HistorySource::Totals> totals = source.GetTotals();
  if (!totals.ok()) return totals.status();
  earlier = JsonlProgressFile::Load(*folder, totals->fingerprint);
  if (!earlier.ok()) return earlier.status();
  return Exporter(source, *folder, path, *totals, options, progress).Run(*earlier);
}

}  // namespace labyrinth::client
