#include "client/transfer/html_export.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

#include "client/transfer/html_page.h"
#include "client/transfer/html_text.h"
#include "common/bytes.h"
#include "common/text.h"

namespace labyrinth::client {
namespace {

using Json = nlohmann::ordered_json;

constexpr char kIndexLines[] = "index.jsonl", kIndexPage[] = "index.html", kPages[] = "pages";

// Messages of one sender that come so close are shown under one name.
constexpr int64_t kGroupMs = 10 * 60 * 1000;
constexpr std::size_t kSnippetCharacters = 140, kNamesShown = 4, kNamesKept = 64;

struct Message {
  int64_t timestamp_ms = 0;
  std::string sender;
  Json line;
};

struct Thread {
  std::string name;  // of its files
  std::string title;
  uint64_t messages = 0;
  int64_t last_ms = 0;
  std::string last_text;             // plain
  std::vector<std::string> senders;  // the first few
};

std::string TextAt(const Json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
}

template <typename Number>
Number NumberAt(const Json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_number_integer() ? it->get<Number>() : 0;
}

absl::Status NotOurs(const std::string& name) {
  return absl::FailedPreconditionError(fmt::format("{}: not what the export wrote", name));
}

// Each line of a file as an object.
absl::Status ForEachLine(const OutputFolder& folder, const std::string& name,
                         absl::FunctionRef<absl::Status(Json)> visit) {
  std::string rest;
  absl::Status status;
  const auto read = folder.Read(name, [&](std::string_view piece) {
    rest += piece;
    std::size_t start = 0;
    for (std::size_t end; status.ok() && (end = rest.find('\n', start)) != std::string::npos; start = end + 1) {
      const std::string_view text = std::string_view(rest).substr(start, end - start);
      Json line = Json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
      status = line.is_object() ? visit(std::move(line)) : NotOurs(name);
    }
    rest.erase(0, start);
  });
  if (!read.ok()) return read.status();
  return *read ? status : NotOurs(name);
}

// FNV-1a, so that a name has the same colour on every page.
unsigned ColourOf(std::string_view name) {
  uint32_t hash = 2166136261u;
  for (const char c : name) hash = (hash ^ static_cast<uint8_t>(c)) * 16777619u;
  return (hash ^ (hash >> 15)) % kNameColours;
}

class Writer {
 public:
  Writer(const OutputFolder& folder, absl::TimeZone zone) : folder_(folder), zone_(zone) {}

  absl::Status WriteThread(const std::string& file, Thread& thread) {
    pages_ = (thread.messages + kHtmlPageMessages - 1) / kHtmlPageMessages;
    std::vector<Message> page;
    std::size_t number = 0;
    std::set<std::string> senders;
    const absl::Status read = ForEachLine(folder_, file, [&](Json line) {
      Message message{NumberAt<int64_t>(line, "timestamp_ms"), TextAt(line, "sender"), std::move(line)};
      if (!message.sender.empty() && senders.size() < kNamesKept && senders.insert(message.sender).second) {
        thread.senders.push_back(message.sender);
      }
      page.push_back(std::move(message));
      return page.size() < kHtmlPageMessages ? absl::OkStatus() : Flush(thread, ++number, page);
    });
    if (!read.ok()) return read;
    return page.empty() ? absl::OkStatus() : Flush(thread, ++number, page);
  }

  absl::Status WriteIndex(std::vector<Thread>& threads) {
    std::stable_sort(threads.begin(), threads.end(),
                     [](const Thread& a, const Thread& b) { return a.last_ms > b.last_ms; });
    uint64_t messages = 0;
    for (const Thread& thread : threads) messages += thread.messages;
    std::string out = HtmlHead("Message history");
    out += fmt::format(
        "<header><h1>Message history</h1><div class=\"soft\">{} message{} in {} "
        "conversation{}</div></header>\n<main>\n",
        Grouped(messages), messages == 1 ? "" : "s", Grouped(threads.size()), threads.size() == 1 ? "" : "s");
    if (!threads.empty()) out += "<ul class=\"threads\">\n";
    for (const Thread& thread : threads) {
      const uint64_t last_page = (thread.messages + kHtmlPageMessages - 1) / kHtmlPageMessages;
      out += fmt::format(
          "<li><a href=\"{}\"><div class=\"row\"><span class=\"name\"><bdi>{}</bdi></span>"
          "<time class=\"soft\">{}</time></div><div class=\"soft last\"><bdi>{}</bdi></div>"
          "<div class=\"soft\">{}{} message{}</div></a></li>\n",
          EscapeUrlPath(PageFile(thread.name, last_page)), EscapeHtml(TitleOf(thread)), Day(thread.last_ms),
          EscapeHtml(thread.last_text), Names(thread), Grouped(thread.messages), thread.messages == 1 ? "" : "s");
    }
    if (!threads.empty()) out += "</ul>\n";
    out += "</main>\n" + HtmlFoot(zone_.name());
    return Write(kIndexPage, out);
  }

 private:
  static std::string PageFile(const std::string& name, uint64_t number) {
    return fmt::format("{}/{}-{}.html", kPages, name, number);
  }
  static std::string TitleOf(const Thread& thread) {
    return thread.title.empty() ? "(no title)" : OneLine(thread.title, 200);
  }
  // "Ann, Bob and 3 more · "
  static std::string Names(const Thread& thread) {
    std::string out;
    for (std::size_t i = 0; i < std::min(thread.senders.size(), kNamesShown); ++i) {
      out += fmt::format("{}<bdi>{}</bdi>", i == 0 ? "" : ", ", EscapeHtml(OneLine(thread.senders[i], 40)));
    }
    if (thread.senders.size() > kNamesShown) out += fmt::format(" and {} more", thread.senders.size() - kNamesShown);
    return out.empty() ? out : out + " \xc2\xb7 ";
  }

  absl::Time TimeOf(int64_t ms) const { return absl::FromUnixMillis(ms); }
  std::string Day(int64_t ms) const { return absl::FormatTime("%E4Y-%m-%d", TimeOf(ms), zone_); }
  std::string Minute(int64_t ms) const { return absl::FormatTime("%E4Y-%m-%d %H:%M", TimeOf(ms), zone_); }

  absl::Status Write(const std::string& name, std::string_view text) const {
    auto file = folder_.Create(name);
    if (!file.ok()) return file.status();
    if (absl::Status s = file->Write(text); !s.ok()) return s;
    return file->Commit();
  }

  std::string Navigation(const Thread& thread, std::size_t number) const {
    std::string out = "<nav><a href=\"../index.html\">All conversations</a>";
    const auto link = [&](const char* text, std::size_t to) {
      out += to == 0 || to > pages_ || to == number
                 ? fmt::format("<span>{}</span>", text)
                 : fmt::format("<a href=\"{}-{}.html\">{}</a>", EscapeUrlPath(thread.name), to, text);
    };
    if (pages_ > 1) {
      link("Oldest", 1);
      link("Older", number - 1);
      out += fmt::format("<span>page {} of {}</span>", number, pages_);
      link("Newer", number + 1);
      link("Newest", pages_);
    }
    return out + "</nav>\n";
  }

  // Clears `page`.
  absl::Status Flush(Thread& thread, std::size_t number, std::vector<Message>& page) {
    const std::string title = TitleOf(thread);
    std::string out = HtmlHead(title);
    out += fmt::format("<header>{}<h1><bdi>{}</bdi></h1><div class=\"soft\">{}{} message{}</div></header>\n<main>\n",
                       Navigation(thread, number), EscapeHtml(title), Names(thread), Grouped(thread.messages),
                       thread.messages == 1 ? "" : "s");
    std::string day;
    for (std::size_t i = 0; i < page.size(); ++i) {
      const std::string today = Day(page[i].timestamp_ms);
      if (today != day) {
        const std::string name = absl::FormatTime("%A, %-d %B %E4Y", TimeOf(page[i].timestamp_ms), zone_);
        out += fmt::format("{}<h2 class=\"day\">{}</h2>\n<ol class=\"log\">\n", day.empty() ? "" : "</ol>\n", name);
      }
      const bool first = today != day || !Together(page[i - 1], page[i]);
      const bool last =
          i + 1 == page.size() || Day(page[i + 1].timestamp_ms) != today || !Together(page[i], page[i + 1]);
      AppendMessage(page[i], first, last, out);
      day = today;
    }
    out += fmt::format("</ol>\n{}</main>\n{}", Navigation(thread, number), HtmlFoot(zone_.name()));
    const Json& newest = page.back().line;
    thread.last_text = OneLine(TextAt(newest, "text"), kSnippetCharacters);
    if (!page.back().sender.empty() && !thread.last_text.empty()) {
      thread.last_text = OneLine(page.back().sender, 40) + ": " + thread.last_text;
    }
    page.clear();
    return Write(PageFile(thread.name, number), out);
  }

  static bool Together(const Message& a, const Message& b) {
    return a.sender == b.sender && b.timestamp_ms - a.timestamp_ms < kGroupMs;
  }

  void AppendMessage(const Message& message, bool first, bool last, std::string& out) const {
    out += fmt::format("<li class=\"m{}{}\">", first ? " first" : "", last ? " end" : "");
    if (first) {
      const std::string name = message.sender.empty() ? "(no name)" : OneLine(message.sender, 200);
      out += fmt::format("<div class=\"who c{}\"><bdi>{}</bdi></div>", ColourOf(message.sender), EscapeHtml(name));
    }
    out += fmt::format("<div class=\"text\" dir=\"auto\">{}</div>", EscapeHtml(TextAt(message.line, "text")));
    out += fmt::format("<time class=\"at\" datetime=\"{}\">{}</time>",
                       absl::FormatTime("%E4Y-%m-%dT%H:%M:%SZ", TimeOf(message.timestamp_ms), absl::UTCTimeZone()),
                       absl::FormatTime("%H:%M", TimeOf(message.timestamp_ms), zone_));
    AppendFiles(message.line, out);
    AppendNotes(message.line, out);
    out += "</li>\n";
  }

  static void AppendFiles(const Json& line, std::string& out) {
    const auto files = line.find("attachments");
    if (files == line.end() || !files->is_array() || files->empty()) return;
    out += "<ul class=\"files\">";
    for (const Json& entry : *files) {
      const std::string path = TextAt(entry, "file");
      std::string name = TextAt(entry, "name");
      if (name.empty()) name = "(no name)";
      const std::string shown = fmt::format("<bdi>{}</bdi>", EscapeHtml(OneLine(name, 255)));
      out += "<li>";
      if (!path.empty() && IsPassiveFile(path)) {
        out += fmt::format("<a href=\"../{}\" rel=\"noopener noreferrer\">{}</a>", EscapeUrlPath(path), shown);
      } else {
        out += shown;
      }
      out += fmt::format(" <span class=\"soft\">{}", SizeText(NumberAt<uint64_t>(entry, "size_bytes")));
      if (path.empty()) {
        out +=
            entry.contains("refused") ? ", refused: not the file that was sent" : ", missing: the server has no copy";
      } else if (!IsPassiveFile(path)) {
        out += fmt::format(", in the folder as <bdi>{}</bdi>", EscapeHtml(path));
      }
      out += "</span></li>";
    }
    out += "</ul>";
  }

  void AppendNotes(const Json& line, std::string& out) const {
    std::string notes;
    if (line.contains("content_base64")) {
      notes += "<li>not a text message: its content is in the lines of the export</li>";
    }
    if (line.contains("verified")) notes += "<li>unverified: written by other software, without a sealed envelope</li>";
    if (const auto expire_ms = NumberAt<int64_t>(line, "expire_ms"); expire_ms != 0) {
      notes += fmt::format("<li>disappearing message: until {}</li>", Minute(expire_ms));
    }
    if (!notes.empty()) out += fmt::format("<ul class=\"notes\">{}</ul>", notes);
  }

  const OutputFolder& folder_;
  const absl::TimeZone zone_;
  uint64_t pages_ = 0;  // of the thread under way
};

}  // namespace

absl::Status WriteHtmlPages(const OutputFolder& folder, const std::string& path, absl::TimeZone zone) {
  std::error_code error;
  std::filesystem::remove_all(path + "/" + kPages, error);
  if (error) return absl::FailedPreconditionError(fmt::format("{}: {}", kPages, error.message()));
  if (absl::Status s = folder.MakeSubfolder(kPages); !s.ok()) return s;
  Writer writer(folder, zone);
  std::vector<Thread> threads;
  const absl::Status written = ForEachLine(folder, kIndexLines, [&](Json entry) {
    const std::string file = TextAt(entry, "file");
    Thread& thread = threads.emplace_back();
    thread.name = std::filesystem::path(file).stem().string();
    // It becomes a file's name.
    if (thread.name.empty() || !FromHex(thread.name)) return NotOurs(kIndexLines);
    thread.title = TextAt(entry, "title");
    thread.messages = NumberAt<uint64_t>(entry, "messages");
    thread.last_ms = NumberAt<int64_t>(entry, "last_ms");
    return writer.WriteThread(file, thread);
  });
  if (!written.ok()) return written;
  return writer.WriteIndex(threads);
}

}  // namespace labyrinth::client
