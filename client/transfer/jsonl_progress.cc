#include "client/transfer/jsonl_progress.h"

#include <string_view>
#include <utility>

#include "client/transfer/jsonl_line.h"
#include "common/bytes.h"

namespace labyrinth::client {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kFormat[] = "labyrinth-export-progress/1";

// Without exceptions; a discarded value for what isn't an object.
Json ParseObject(std::string_view line) {
  Json value = Json::parse(line.begin(), line.end(), nullptr, /*allow_exceptions=*/false);
  return value.is_object() ? value : Json(Json::value_t::discarded);
}

std::string StringAt(const Json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
}

}  // namespace

absl::StatusOr<JsonlProgressFile::Loaded> JsonlProgressFile::Load(const OutputFolder& folder,
                                                                  const std::string& fingerprint) {
  Loaded loaded;
  std::string text;
  absl::StatusOr<bool> found = folder.Read(kName, [&text](std::string_view piece) { text += piece; });
  if (!found.ok()) return found.status();
  for (std::size_t start = 0, end; (end = text.find('\n', start)) != std::string::npos; start = end + 1) {
    const Json line = ParseObject(std::string_view(text).substr(start, end - start));
    if (line.is_discarded()) continue;
    if (start == 0) {
      loaded.ours = StringAt(line, "format") == kFormat;
      loaded.same_mailbox = loaded.ours && StringAt(line, "mailbox") == fingerprint;
    } else if (loaded.ours && line.contains("entry") && line["entry"].is_object()) {
      const std::string name = StringAt(line, "name");
      // It becomes a file's name.
      if (!name.empty() && FromHex(name)) loaded.threads[name] = {StringAt(line, "newest"), line["entry"]};
    }
  }
  return loaded;
}

absl::StatusOr<JsonlProgressFile> JsonlProgressFile::Start(const OutputFolder& folder, const std::string& fingerprint,
                                                           bool keep) {
  if (!keep) {
    // Replaced whole: a folder of ours never stands without its head line.
    absl::StatusOr<OutputFile> head = folder.Create(kName);
    if (!head.ok()) return head.status();
    if (absl::Status s = head->Write(JsonLine({{"format", kFormat}, {"mailbox", fingerprint}})); !s.ok()) return s;
    if (absl::Status s = head->Commit(); !s.ok()) return s;
  }
  absl::StatusOr<OutputFile> file = folder.Append(kName);
  if (!file.ok()) return file.status();
  JsonlProgressFile progress(*std::move(file));
  // A line that a crash tore must not swallow the next one.
  if (absl::Status s = progress.file_.Write("\n"); !s.ok()) return s;
  return progress;
}

absl::Status JsonlProgressFile::Add(const std::string& name, const Thread& thread) {
  const Json line = {{"name", name}, {"newest", thread.newest}, {"entry", thread.entry}};
  if (absl::Status s = file_.Write(JsonLine(line)); !s.ok()) return s;
  return file_.Flush();
}

}  // namespace labyrinth::client
