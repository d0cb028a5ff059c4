#include "client/transfer/history_source.h"

#include <fmt/format.h>

#include "client/client.h"
#include "common/limits.h"

namespace labyrinth::client {
namespace {

template <typename Reader>
absl::Status Walk(Reader reader, HistorySource::Visit visit) {
  while (!reader.done()) {
    absl::StatusOr<std::vector<HistoryMessage>> page = reader.NextPage();
    if (!page.ok()) return page.status();
    for (const HistoryMessage& message : *page) {
      if (absl::Status s = visit(message); !s.ok()) return s;
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<HistorySource::Totals> ClientHistorySource::GetTotals() {
  absl::StatusOr<MailboxInfo> info = client_.mailbox().Info();
  if (!info.ok()) return info.status();
  return Totals{info->message_count, fmt::format("{}/{}/{}", info->message_count, info->used_bytes, info->log_index)};
}

absl::Status ClientHistorySource::ForEachThread(Visit visit) { return Walk(client_.history().ListThreads(), visit); }

absl::Status ClientHistorySource::ForEachMessage(const std::string& thread_id, Visit visit) {
  return Walk(
      client_.history().ListMessages({.thread_id = thread_id, .oldest_first = true, .page_size = limits::kPageItems}),
      visit);
}

absl::Status ClientHistorySource::SaveAttachment(const Attachment& attachment, const RowClaims& row,
                                                 const std::string& path, absl::FunctionRef<bool()> go_on) {
  return client_.attachments().Download(attachment, row.thread_id, row.message_id, path,
                                        [go_on](uint64_t, uint64_t) { return go_on(); });
}

}  // namespace labyrinth::client
