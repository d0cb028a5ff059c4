#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "client/transfer/jsonl_line.h"
#include "client/transfer/status.h"
#include "client/transfer/text.h"
#include "common/bytes.h"
#include "common/limits.h"
#include "tools/cli/exit_code.h"
#include "tools/labyrinth/attachment_files.h"
#include "tools/labyrinth/commands.h"
#include "tools/labyrinth/message_text.h"
#include "tools/labyrinth/thread_name.h"
#include "tools/labyrinth/time_text.h"

namespace labyrinth::cli {
namespace {

constexpr std::size_t kTitleColumns = 40, kSnippetColumns = 60;

struct ThreadsFlags {
  uint64_t limit = 0;
};

struct ReadFlags {
  std::string thread;
  std::string since;
  std::string until;
  uint64_t limit = limits::kPageItemsDefault;
  bool oldest_first = false;
  std::string save_attachments;
  bool ids = false;
};

absl::Status Refused(uint64_t count) {
  if (count == 0) return absl::OkStatus();
  return Findings(
      fmt::format("{} message{} refused: 'labyrinth verify' says more", count, count == 1 ? " was" : "s were"));
}

void PrintThread(Output& out, const client::HistoryMessage& newest, absl::TimeZone zone) {
  const client::RowClaims& row = newest.row();
  const std::optional<client::ShownMessage> shown = client::Show(newest);
  const std::string title = shown && shown->chat ? shown->chat->thread_title : std::string();
  if (out.json()) {
    out.Item({{"handle", HandleOf(row.thread_id)},
              {"thread_id", ToHex(row.thread_id)},
              {"title", title},
              {"newest", MessageDocument(newest)}});
    return;
  }
  const std::string name = title.empty() ? "(no title)" : Shorten(client::Printable(title), kTitleColumns);
  out.Line(fmt::format("{:<8}  {}  {:<{}}  {}", HandleOf(row.thread_id), MinuteText(row.timestamp_ms, zone), name,
                       kTitleColumns, Snippet(newest, kSnippetColumns)));
}

absl::Status RunThreads(Context& context, const ThreadsFlags& flags) {
  auto client = context.OpenClient();
  if (!client.ok()) return client.status();
  const absl::TimeZone zone = absl::LocalTimeZone();
  uint64_t shown = 0, refused = 0;
  bool more = false;
  client::ThreadReader reader = (*client)->history().ListThreads();
  bool begun = false;
  while (!reader.done() && !more) {
    absl::StatusOr<std::vector<client::HistoryMessage>> page = reader.NextPage();
    if (!page.ok()) return page.status();
    // Nothing is printed before the first page is there.
    if (!begun) context.out().BeginList(Json::object(), "threads");
    begun = true;
    for (const client::HistoryMessage& newest : *page) {
      more = flags.limit > 0 && shown == flags.limit;
      if (more) break;
      ++shown;
      if (newest.tampered() != nullptr) ++refused;
      PrintThread(context.out(), newest, zone);
    }
    more = more || (flags.limit > 0 && shown == flags.limit && !reader.done());
  }
  if (shown == 0) context.out().Line("no threads yet: 'labyrinth import' or 'labyrinth send'");
  if (more) context.out().Line("and more (--limit 0 shows all)");
  context.out().EndList({{"more", more}});
  return Refused(refused);
}

// One message on the output, and its files in their folder where one was named.
absl::Status PrintMessage(Output& out, const client::HistoryMessage& message, absl::TimeZone zone, bool ids,
                          std::optional<AttachmentSaver>& saver) {
  Json document = MessageDocument(message);
  std::vector<std::string> lines;
  if (ids) lines.push_back(fmt::format("id {}", ToHex(message.row().message_id)));
  absl::Status saved = saver ? saver->Save(message, document, lines) : absl::OkStatus();
  if (out.json()) {
    out.Item(document);
  } else {
    out.Line(MessageText(message, zone));
    for (const std::string& line : lines) out.Line(fmt::format("{:18}{}", "", line));
  }
  return saved;
}

absl::StatusOr<int64_t> TimeFlag(const Context& context, const std::string& flag, const std::string& text,
                                 int64_t absent) {
  if (text.empty()) return absent;
  absl::StatusOr<int64_t> time = ParseTimeMs(text, context.clock().NowMs(), absl::LocalTimeZone());
  if (!time.ok()) return Usage(fmt::format("{}: {}: {}", flag, client::Printable(text), client::TextOf(time.status())));
  return time;
}

absl::Status RunRead(Context& context, const ReadFlags& flags) {
  absl::StatusOr<int64_t> since = TimeFlag(context, "--since", flags.since, 0);
  if (!since.ok()) return since.status();
  absl::StatusOr<int64_t> until = TimeFlag(context, "--until", flags.until, 0);
  if (!until.ok()) return until.status();
  if (!flags.until.empty() && *until <= *since) return Usage("--until: not after --since");
  auto client = context.OpenClient();
  if (!client.ok()) return client.status();
  client::History& history = (*client)->history();
  absl::StatusOr<NamedThread> thread = FindThread(history, flags.thread);
  if (!thread.ok()) return thread.status();

  std::optional<AttachmentSaver> saver;
  if (!flags.save_attachments.empty()) {
    // What an interrupted send left to be attached may be what is read now.
    if (auto settled = (*client)->attachments().Settle(); !settled.ok()) return settled.status();
    auto opened = AttachmentSaver::Open((*client)->attachments(), flags.save_attachments);
    if (!opened.ok()) return opened.status();
    saver = *std::move(opened);
  }

  client::MessageQuery query{.thread_id = thread->id,
                             .start_ms = *since,
                             .end_ms = *until,
                             .oldest_first = flags.oldest_first,
                             .page_size = limits::kPageItems};
  if (flags.limit > 0 && flags.limit < query.page_size) query.page_size = static_cast<uint32_t>(flags.limit);
  const absl::TimeZone zone = absl::LocalTimeZone();
  Output& out = context.out();
  client::MessageReader reader = history.ListMessages(query);
  uint64_t shown = 0, refused = 0;
  std::chrono::steady_clock::duration reading{};  // without printing
  bool begun = false;
  while (!reader.done() && (flags.limit == 0 || shown < flags.limit)) {
    const auto start = std::chrono::steady_clock::now();
    absl::StatusOr<std::vector<client::HistoryMessage>> page = reader.NextPage();
    reading += std::chrono::steady_clock::now() - start;
    if (!page.ok()) return page.status();
    if (!begun) {
      out.BeginList({{"handle", HandleOf(thread->id)}, {"thread_id", ToHex(thread->id)}, {"title", thread->title}},
                    "messages");
    }
    begun = true;
    for (const client::HistoryMessage& message : *page) {
      if (flags.limit > 0 && shown == flags.limit) break;
      ++shown;
      if (message.tampered() != nullptr) ++refused;
      if (absl::Status s = PrintMessage(out, message, zone, flags.ids, saver); !s.ok()) return s;
    }
  }
  const double ms = std::chrono::duration<double, std::milli>(reading).count();
  Json tail = {{"count", shown}, {"refused", refused}, {"elapsed_ms", ms}};
  if (saver) {
    tail["saved_attachments"] = saver->saved();
    tail["refused_attachments"] = saver->refused();
  }
  out.EndList(tail);
  if (absl::Status s = Refused(refused); !s.ok()) return s;
  if (saver && saver->refused() > 0) {
    return Findings(fmt::format("{} attachments are missing or were refused", saver->refused()));
  }
  return absl::OkStatus();
}

}  // namespace

void AddRead(Command root, Chosen& chosen) {
  auto threads_flags = std::make_shared<ThreadsFlags>();
  Command threads = AddCommand(root, chosen, "threads", "List the threads, newest first", /*changes=*/false, RunThreads,
                               threads_flags);
  threads.AddOption("--limit", &threads_flags->limit, "At most so many; 0: all (the default)",
                    {.value_name = "N", .check = NonNegative()});

  auto flags = std::make_shared<ReadFlags>();
  Command read =
      AddCommand(root, chosen, "read", "Show a thread's messages, newest first", /*changes=*/false, RunRead, flags);
  read.AddOption("THREAD", &flags->thread, "A title, or a handle from 'threads'", {.required = true});
  read.AddOption("--since", &flags->since, "From this time on: 2024-05-01, 2024-05-01T12:30, or 7d (ago)",
                 {.value_name = "TIME"});
  read.AddOption("--until", &flags->until, "Before this time", {.value_name = "TIME"});
  read.AddOption("--limit", &flags->limit, "At most so many; 0: all",
                 {.value_name = "N", .shows_default = true, .check = NonNegative()});
  read.AddOption("--save-attachments", &flags->save_attachments, "Save the messages' files into this folder",
                 {.value_name = "DIR"});
  read.AddFlag("--ids", &flags->ids, "Show each message's id, as 'delete' takes it");
  read.AddFlag("--oldest-first", &flags->oldest_first, "Oldest first");
}

}  // namespace labyrinth::cli
