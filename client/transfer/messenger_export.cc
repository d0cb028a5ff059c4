#include "client/transfer/messenger_export.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "client/transfer/export_source.h"
#include "client/transfer/status.h"
#include "client/transfer/text.h"
#include "client/transfer/thread_file.h"

namespace labyrinth::client {
namespace {

constexpr std::array<std::string_view, 5> kBoxes = {"inbox", "archived_threads", "message_requests", "filtered_threads",
                                                    "e2ee_cutover"};

bool IsBox(std::string_view name) { return std::find(kBoxes.begin(), kBoxes.end(), name) != kBoxes.end(); }

std::vector<std::string_view> Split(std::string_view name) {
  std::vector<std::string_view> parts;
  for (std::size_t start = 0;;) {
    const std::size_t slash = name.find('/', start);
    parts.push_back(name.substr(start, slash - start));
    if (slash == std::string_view::npos) return parts;
    start = slash + 1;
  }
}

// A folder's name as Messenger makes them: no way up, no second meaning.
bool IsSafeFolder(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find('\\') == std::string_view::npos &&
         Printable(name) == name;
}

// "inbox/ann_1", if that is what it is.
bool IsThreadPath(std::string_view path) {
  const std::vector<std::string_view> parts = Split(path);
  return parts.size() == 2 && IsBox(parts[0]) && IsSafeFolder(parts[1]);
}

struct File {
  std::size_t index = 0;  // in the source
  std::string folder;     // groups the files of one thread
  std::string path;       // "inbox/ann_1" from the place of the file; empty if it lies in no such folder
  std::string display;    // for errors
  uint32_t number = 1;    // of message_N.json
};

// `whole_name_counts`: names in an archive are checked in full, those of a file system are the user's own.
absl::StatusOr<File> Describe(const std::string& name, std::size_t index, bool whole_name_counts) {
  std::vector<std::string_view> parts = Split(name);
  const std::string_view base = parts.back();
  parts.pop_back();
  File file;
  file.index = index;
  file.folder = name.substr(0, name.size() - base.size());
  if (IsMessageFile(base)) file.number = static_cast<uint32_t>(std::stoul(std::string(base.substr(8))));
  const std::size_t checked = whole_name_counts ? parts.size() : std::min<std::size_t>(parts.size(), 2);
  if (!std::all_of(parts.end() - checked, parts.end(), IsSafeFolder) && !(parts.size() == 1 && parts[0].empty())) {
    return absl::InvalidArgumentError(fmt::format("{}: unsafe file name", Printable(name)));
  }
  if (parts.size() >= 2 && IsBox(parts[parts.size() - 2])) {
    file.path = fmt::format("{}/{}", parts[parts.size() - 2], parts.back());
  }
  file.display = file.path.empty() ? Printable(name) : fmt::format("{}/{}", file.path, base);
  return file;
}

// Which kind of source a path is, by what is there rather than by its name.
absl::StatusOr<std::unique_ptr<ExportSource>> OpenSource(const std::string& path, const ExportLimits& limits,
                                                         bool& is_archive) {
  is_archive = false;
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) return absl::NotFoundError("no such file or folder");
  if (std::filesystem::is_directory(status)) return OpenFolder(path, limits);
  if (!std::filesystem::is_regular_file(status)) return absl::InvalidArgumentError("neither a file nor a folder");
  std::ifstream in(path, std::ios::binary);
  if (!in) return absl::InvalidArgumentError("can't be opened");
  std::array<char, 2> magic{};
  in.read(magic.data(), magic.size());
  if (in.gcount() == 2 && magic == std::array{'P', 'K'}) {
    is_archive = true;
    return OpenZip(path, limits);
  }
  return OpenSingleFile(path);
}

}  // namespace

ExportOmissions& ExportOmissions::operator+=(const ExportOmissions& o) {
  photos += o.photos, videos += o.videos, audio_files += o.audio_files, gifs += o.gifs, files += o.files;
  stickers += o.stickers, calls += o.calls, reactions += o.reactions;
  repeated_messages += o.repeated_messages;
  messages_without_sender += o.messages_without_sender;
  messages_without_content += o.messages_without_content;
  unrepaired_strings += o.unrepaired_strings;
  return *this;
}

struct MessengerExport::State {
  ExportLimits limits;
  std::unique_ptr<ExportSource> source;
  std::vector<File> files;  // in the order of ForEachPart
};

MessengerExport::MessengerExport(std::unique_ptr<State> state) : state_(std::move(state)) {}
MessengerExport::MessengerExport(MessengerExport&&) noexcept = default;
MessengerExport& MessengerExport::operator=(MessengerExport&&) noexcept = default;
MessengerExport::~MessengerExport() = default;

uint64_t MessengerExport::file_count() const { return state_->files.size(); }

absl::StatusOr<MessengerExport> MessengerExport::Open(const std::string& path, const ExportLimits& limits) {
  auto state = std::make_unique<State>();
  state->limits = limits;
  bool is_archive = false;
  absl::StatusOr<std::unique_ptr<ExportSource>> source = OpenSource(path, limits, is_archive);
  if (!source.ok()) return In(Printable(path), source.status());
  state->source = *std::move(source);
  const std::vector<std::string>& names = state->source->names();
  for (std::size_t i = 0; i < names.size(); ++i) {
    absl::StatusOr<File> file = Describe(names[i], i, is_archive);
    if (!file.ok()) return In(Printable(path), file.status());
    state->files.push_back(*std::move(file));
  }
  if (state->files.empty()) {
    return absl::InvalidArgumentError(
        fmt::format("{}: no message_1.json in it: not a Messenger export in JSON", Printable(path)));
  }
  std::sort(state->files.begin(), state->files.end(), [](const File& a, const File& b) {
    return a.folder != b.folder ? a.folder < b.folder : a.number > b.number;
  });
  const auto same = std::adjacent_find(state->files.begin(), state->files.end(), [](const File& a, const File& b) {
    return a.folder == b.folder && a.number == b.number;
  });
  if (same != state->files.end()) {
    return absl::InvalidArgumentError(fmt::format("{}: {}: in the archive twice", Printable(path), same->display));
  }
  return MessengerExport(std::move(state));
}

absl::Status MessengerExport::ForEachPart(const std::function<absl::Status(ExportPart)>& visit) const {
  const std::vector<File>& files = state_->files;
  uint64_t bytes_left = state_->limits.total_bytes;
  for (std::size_t i = 0; i < files.size(); ++i) {
    const File& file = files[i];
    absl::StatusOr<std::string> json =
        state_->source->Read(file.index, std::min(state_->limits.file_bytes, bytes_left));
    if (!json.ok()) return In(file.display, json.status());
    bytes_left -= json->size();
    absl::StatusOr<ThreadFile> parsed = ParseThreadFile(*json, state_->limits);
    if (!parsed.ok()) return In(file.display, parsed.status());
    json->clear();
    json->shrink_to_fit();

    ExportPart part;
    part.thread.path = file.path;
    if (file.path.empty()) {
      // The same thread gets the same name, and its messages the same ids, when its file is imported by itself.
      part.thread.path =
          IsThreadPath(parsed->thread_path)
              ? parsed->thread_path
              : std::string(Printable(std::filesystem::path(file.folder).parent_path().filename().string()));
      if (part.thread.path.empty()) part.thread.path = "inbox";
    }
    part.thread.title = parsed->title.empty() ? part.thread.path : std::move(parsed->title);
    part.thread.participants = std::move(parsed->participants);
    part.first_of_thread = i == 0 || files[i - 1].folder != file.folder;
    part.last_of_thread = i + 1 == files.size() || files[i + 1].folder != file.folder;
    part.messages = std::move(parsed->messages);
    part.omissions = parsed->omissions;
    if (absl::Status visited = visit(std::move(part)); !visited.ok()) return visited;
  }
  return absl::OkStatus();
}

absl::StatusOr<ExportSummary> MessengerExport::Validate(const std::function<bool(uint64_t, uint64_t)>& on_file) const {
  ExportSummary summary;
  uint64_t done = 0;
  absl::Status status = ForEachPart([&](ExportPart part) {
    if (part.first_of_thread) ++summary.threads;
    summary.messages += part.messages.size();
    for (const ExportMessage& message : part.messages) {
      summary.content_bytes += message.sender.size() + message.content.size();
    }
    summary.omissions += part.omissions;
    if (on_file && !on_file(++done, file_count())) return absl::CancelledError("interrupted");
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return summary;
}

}  // namespace labyrinth::client
