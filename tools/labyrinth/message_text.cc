#include "tools/labyrinth/message_text.h"

#include <fmt/format.h>

#include <optional>

#include "client/transfer/jsonl_line.h"
#include "client/transfer/text.h"
#include "common/text.h"
#include "tools/labyrinth/time_text.h"

namespace labyrinth::cli {
namespace {

constexpr char kIndent[] = "                  ";

std::string Indented(std::string_view text) {
  std::string out;
  for (char c : text) {
    out += c;
    if (c == '\n') out += kIndent;
  }
  return out;
}

// Printable, with its lines.
std::string Body(const client::HistoryMessage& message) {
  if (const client::TamperedBody* body = message.tampered()) {
    return fmt::format("[refused: {}]", client::Describe(body->kind));
  }
  const std::optional<client::ShownMessage> shown = client::Show(message);
  if (!shown) return {};
  std::string text = shown->chat ? fmt::format("{}: {}", client::Printable(shown->chat->sender),
                                               client::PrintableLines(shown->chat->text))
                                 : fmt::format("[another product's message, {} bytes]", shown->raw.size());
  if (shown->chat) {
    for (const client::Attachment& attachment : shown->chat->attachments) {
      const bool alone = shown->chat->text.empty() && &attachment == &shown->chat->attachments.front();
      text += fmt::format("{}[{}, {} bytes]", alone ? "" : "\n", client::Printable(attachment.file_name),
                          Grouped(attachment.size_bytes));
    }
  }
  return shown->verified ? text : fmt::format("[unverified: no envelope] {}", text);
}

}  // namespace

std::string MessageText(const client::HistoryMessage& message, absl::TimeZone zone) {
  const client::RowClaims& row = message.row();
  std::string out = fmt::format("{}  {}", MinuteText(row.timestamp_ms, zone), Indented(Body(message)));
  if (row.expire_ms != 0) out += fmt::format("  (until {})", MinuteText(row.expire_ms, zone));
  return out;
}

std::string Snippet(const client::HistoryMessage& message, std::size_t columns) {
  std::string line = Body(message);
  for (char& c : line) {
    if (c == '\n' || c == '\t') c = ' ';
  }
  return Shorten(line, columns);
}

Json MessageDocument(const client::HistoryMessage& message) {
  if (const client::TamperedBody* body = message.tampered()) {
    return {{"timestamp_ms", message.row().timestamp_ms}, {"refused", client::Describe(body->kind)}};
  }
  const std::optional<client::ShownMessage> shown = client::Show(message);
  return shown ? client::MessageJson(message, *shown) : Json::object();
}

std::string Shorten(std::string_view text, std::size_t columns) {
  std::size_t end = 0, cut = 0;
  for (std::size_t count = 0; end < text.size(); ++count) {
    if (count + 3 == columns) cut = end;
    if (count == columns) return std::string(text.substr(0, cut)) + "...";
    const std::optional<client::CodePoint> point = client::FirstCodePoint(text.substr(end));
    end += point ? point->size_bytes : 1;
  }
  return std::string(text);
}

}  // namespace labyrinth::cli
