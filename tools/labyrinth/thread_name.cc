#include "tools/labyrinth/thread_name.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "client/transfer/jsonl_line.h"
#include "client/transfer/text.h"
#include "common/bytes.h"
#include "tools/cli/exit_code.h"

namespace labyrinth::cli {
namespace {

constexpr std::size_t kHandleDigits = 8, kLeastDigits = 4, kWholeIdDigits = 32;
constexpr std::size_t kHandlesNamed = 5;

std::string LowerAscii(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string TitleOf(const client::HistoryMessage& message) {
  const std::optional<client::ShownMessage> shown = client::Show(message);
  return shown && shown->chat ? shown->chat->thread_title : std::string();
}

absl::Status NotFound(const std::string& name) {
  return absl::NotFoundError(fmt::format("thread {}: no thread has that title or handle", client::Printable(name)));
}

absl::StatusOr<NamedThread> ById(client::History& history, const std::string& name, std::string id) {
  client::MessageReader reader = history.ListMessages({.thread_id = id, .page_size = 1});
  while (!reader.done()) {
    absl::StatusOr<std::vector<client::HistoryMessage>> page = reader.NextPage();
    if (!page.ok()) return page.status();
    if (!page->empty()) return NamedThread{std::move(id), TitleOf(page->front())};
  }
  return NotFound(name);
}

}  // namespace

std::string HandleOf(std::string_view id) { return ToHex(id).substr(0, kHandleDigits); }

std::string AsHandle(std::string_view text) {
  const std::string digits = LowerAscii(text);
  const bool hex = std::all_of(digits.begin(), digits.end(),
                               [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
  return hex && digits.size() >= kLeastDigits ? digits : std::string();
}

absl::StatusOr<NamedThread> FindThread(client::History& history, const std::string& name) {
  const std::string handle = AsHandle(name);
  if (handle.size() >= kWholeIdDigits && handle.size() % 2 == 0) return ById(history, name, *FromHex(handle));

  std::vector<NamedThread> exact, by_handle, other_case;
  client::ThreadReader reader = history.ListThreads();
  while (!reader.done()) {
    absl::StatusOr<std::vector<client::HistoryMessage>> page = reader.NextPage();
    if (!page.ok()) return page.status();
    for (const client::HistoryMessage& message : *page) {
      NamedThread thread{message.row().thread_id, TitleOf(message)};
      if (thread.title == name) {
        exact.push_back(std::move(thread));
      } else if (!handle.empty() && ToHex(thread.id).starts_with(handle)) {
        by_handle.push_back(std::move(thread));
      } else if (LowerAscii(thread.title) == LowerAscii(name)) {
        other_case.push_back(std::move(thread));
      }
    }
  }
  for (std::vector<NamedThread>* matches : {&exact, &by_handle, &other_case}) {
    if (matches->size() == 1) return std::move(matches->front());
    if (matches->empty()) continue;
    std::string handles;
    for (std::size_t i = 0; i < std::min(matches->size(), kHandlesNamed); ++i) {
      handles += (i == 0 ? "" : ", ") + HandleOf((*matches)[i].id);
    }
    return Usage(fmt::format("thread {}: {} threads match: name one by its handle ({}{})", client::Printable(name),
                             matches->size(), handles, matches->size() > kHandlesNamed ? ", ..." : ""));
  }
  return NotFound(name);
}

}  // namespace labyrinth::cli
