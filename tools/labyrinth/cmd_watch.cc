#include <fmt/format.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "client/transfer/jsonl_line.h"
#include "client/transfer/text.h"
#include "common/bytes.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/interrupt.h"
#include "tools/labyrinth/commands.h"
#include "tools/labyrinth/device_name.h"
#include "tools/labyrinth/message_text.h"
#include "tools/labyrinth/thread_name.h"

namespace labyrinth::cli {
namespace {

constexpr std::chrono::milliseconds kLookEvery(50);
constexpr std::size_t kTitleColumns = 40;

struct WatchFlags {
  std::string since;
};

std::string CursorText(const client::FeedCursor& cursor) {
  return fmt::format("{}:{}", cursor.generation, cursor.revision);
}

absl::StatusOr<client::FeedCursor> ParseCursor(const std::string& text) {
  client::FeedCursor cursor;
  const std::size_t colon = text.find(':');
  const auto number = [&text](std::size_t begin, std::size_t end, uint64_t& value) {
    const auto [rest, error] = std::from_chars(text.data() + begin, text.data() + end, value);
    return error == std::errc() && rest == text.data() + end && begin < end;
  };
  if (colon == std::string::npos || !number(0, colon, cursor.generation) ||
      !number(colon + 1, text.size(), cursor.revision) || cursor.generation == 0) {
    return Usage(fmt::format("--since: {}: not a place as 'watch' prints it, like 1:42 (or 0: all that is still told)",
                             client::Printable(text)));
  }
  return cursor;
}

std::string_view KindName(client::ChangeKind kind) {
  switch (kind) {
    case client::ChangeKind::kSaved:
      return "saved";
    case client::ChangeKind::kReplaced:
      return "replaced";
    case client::ChangeKind::kDeleted:
      return "deleted";
    case client::ChangeKind::kExpired:
      return "expired";
    case client::ChangeKind::kDeviceAdded:
      return "device_added";
    case client::ChangeKind::kDeviceRevoked:
      return "device_revoked";
    case client::ChangeKind::kEpochOpened:
      return "epoch_opened";
  }
  return "unknown";
}

// Ends a watch when the person does: a signal handler can't.
class StopOnInterrupt {
 public:
  explicit StopOnInterrupt(client::WatchStop& stop)
      : thread_([this, &stop] {
          while (!done_ && !interrupt_.interrupted()) std::this_thread::sleep_for(kLookEvery);
          stop.Request();
        }) {}
  ~StopOnInterrupt() {
    done_ = true;
    thread_.join();
  }

 private:
  InterruptScope interrupt_;
  std::atomic<bool> done_ = false;
  std::thread thread_;
};

// One line or one document a change. Thread-compatible.
class Printer {
 public:
  explicit Printer(Output& out) : out_(out), zone_(absl::LocalTimeZone()) {}

  void Print(const client::Commit& commit, const client::FeedCursor& at) {
    for (const client::HistoryChange& change : commit.changes) {
      if (change.message && change.message->tampered() != nullptr) ++refused_;
      if (out_.json()) {
        Document(change, at);
      } else {
        out_.Line(TextOf(change));
      }
    }
  }
  uint64_t refused() const { return refused_; }

 private:
  void Document(const client::HistoryChange& change, const client::FeedCursor& at) {
    Json document = {{"cursor", CursorText(at)}, {"kind", KindName(change.kind)}};
    if (!change.thread_id.empty()) document["handle"] = HandleOf(change.thread_id);
    if (!change.thread_id.empty()) document["thread_id"] = ToHex(change.thread_id);
    if (!change.message_id.empty()) document["message_id"] = ToHex(change.message_id);
    if (change.message) document["message"] = MessageDocument(*change.message);
    if (change.device_id != DeviceId()) document["device"] = DeviceHandle(change.device_id);
    if (change.by_device_id != DeviceId()) document["by_device"] = DeviceHandle(change.by_device_id);
    out_.Document(document);
  }

  std::string TextOf(const client::HistoryChange& change) const {
    const std::string id = ToHex(change.message_id).substr(0, 16);
    switch (change.kind) {
      case client::ChangeKind::kSaved:
      case client::ChangeKind::kReplaced: {
        const std::string where = fmt::format("{}{}", HandleOf(change.thread_id),
                                              change.kind == client::ChangeKind::kReplaced ? " (edited)" : "");
        if (!change.message) return fmt::format("{}  message {}, too large for the feed", where, id);
        const std::optional<client::ShownMessage> shown = client::Show(*change.message);
        std::string title = shown && shown->chat ? shown->chat->thread_title : std::string();
        if (!title.empty()) title = " " + Shorten(client::Printable(title), kTitleColumns);
        return fmt::format("{}{}\n  {}", where, title, MessageText(*change.message, zone_));
      }
      case client::ChangeKind::kDeleted:
        return fmt::format("message {} was deleted", id);
      case client::ChangeKind::kExpired:
        return fmt::format("message {} disappeared", id);
      case client::ChangeKind::kDeviceAdded:
        return fmt::format("device {} was added", DeviceHandle(change.device_id));
      case client::ChangeKind::kDeviceRevoked:
        return fmt::format("device {} was removed", DeviceHandle(change.device_id));
      case client::ChangeKind::kEpochOpened:
        return "a new epoch was opened: the keys have changed";
    }
    return "";
  }

  Output& out_;
  const absl::TimeZone zone_;
  uint64_t refused_ = 0;
};

absl::Status RunWatch(Context& context, const WatchFlags& flags) {
  std::optional<client::FeedCursor> since;
  if (!flags.since.empty() && flags.since != "0") {
    auto parsed = ParseCursor(flags.since);
    if (!parsed.ok()) return parsed.status();
    since = *parsed;
  }
  auto client = context.OpenClient();
  if (!client.ok()) return client.status();
  client::History& history = (*client)->history();
  if (!since) {
    const auto head = history.Head();
    if (!head.ok()) return head.status();
    since = *head;
    if (flags.since == "0") since->revision = 0;
  }
  client::WatchStop stop;
  client::FeedCursor at = *since;
  Printer printer(context.out());
  absl::Status status;
  {
    const StopOnInterrupt stopper(stop);
    status = history.Watch(
        at, /*include_messages=*/true,
        [&](const client::ChangeBatch& batch) -> absl::Status {
          for (const client::Commit& commit : batch.commits) {
            at = {batch.next.generation, commit.revision};
            printer.Print(commit, at);
          }
          at = batch.next;
          return context.out().Finish();  // as it comes, also into a pipe
        },
        stop);
  }
  if (!status.ok()) return status;
  context.out().Line(fmt::format("stopped; 'watch --since {}' goes on from here", CursorText(at)));
  if (printer.refused() == 0) return absl::OkStatus();
  return Findings(fmt::format("{} messages were refused: 'labyrinth verify' says more", printer.refused()));
}

}  // namespace

void AddWatch(Command root, Chosen& chosen) {
  auto flags = std::make_shared<WatchFlags>();
  Command command = AddCommand(root, chosen, "watch", "Show what happens in the mailbox, as it happens, until Ctrl-C",
                               /*changes=*/false, RunWatch, flags);
  command.AddOption("--since", &flags->since, "A place that an earlier watch printed; 0: all that is still told",
                    {.value_name = "PLACE"});
}

}  // namespace labyrinth::cli
