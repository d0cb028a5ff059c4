#include "client/transfer/history_source.h"

#include <fmt/format.h>

#include <set>
#include <utility>
#include <vector>

#include "client/client.h"
#include "client/sync/local_history.h"

namespace labyrinth::client {
namespace {

constexpr char kFileName[] = "/history.partial";
constexpr int kPageRows = 500;

HistoryMessage AsRefused(const RefusedRow& row) {
  RowClaims claims;
  claims.thread_id = row.thread_id;
  claims.message_id = row.message_id;
  return HistoryMessage(std::move(claims), TamperedBody{row.kind});
}

}  // namespace

ClientHistorySource::ClientHistorySource(LabyrinthClient& client) : client_(client) {}
ClientHistorySource::~ClientHistorySource() = default;

absl::Status ClientHistorySource::Load(const std::string& folder, LoadProgress progress) {
  path_ = folder + kFileName;
  auto copy = LocalHistory::OpenAt(client_, path_);
  // Nothing in it is worth keeping.
  if (absl::IsDataLoss(copy.status())) {
    if (absl::Status s = LocalHistory::EraseAt(path_); !s.ok()) return s;
    copy = LocalHistory::OpenAt(client_, path_);
  }
  if (!copy.ok()) return copy.status();
  copy_ = *std::move(copy);
  auto report = copy_->Sync(
      [&](const DownloadProgress& now) { return progress(now.done_count + now.vanished_count, now.total_count); });
  if (!report.ok()) return report.status();
  // An export is of the server's state: what only an earlier run's copy has isn't in it.
  if (report->lacking.empty()) return absl::OkStatus();
  return copy_->ForgetLacking();
}

absl::Status ClientHistorySource::Unload() {
  copy_.reset();
  return LocalHistory::EraseAt(path_);
}

absl::StatusOr<HistorySource::Totals> ClientHistorySource::GetTotals() {
  const auto count = copy_->CountMessages();
  if (!count.ok()) return count.status();
  const auto refused = copy_->Refused();
  if (!refused.ok()) return refused.status();
  const FeedCursor cursor = copy_->cursor();
  return Totals{*count + refused->size(), fmt::format("{}/{}/{}", cursor.generation, cursor.revision, *count)};
}

absl::Status ClientHistorySource::ForEachThread(Visit visit) {
  const auto threads = copy_->ListThreads();
  if (!threads.ok()) return threads.status();
  std::set<std::string> listed;
  for (const HistoryMessage& newest : *threads) {
    listed.insert(newest.row().thread_id);
    if (absl::Status s = visit(newest); !s.ok()) return s;
  }
  const auto refused = copy_->Refused();
  if (!refused.ok()) return refused.status();
  for (const RefusedRow& row : *refused) {
    if (!listed.insert(row.thread_id).second) continue;
    if (absl::Status s = visit(AsRefused(row)); !s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::Status ClientHistorySource::ForEachMessage(const std::string& thread_id, Visit visit) {
  ThreadQuery query{.thread_id = thread_id, .oldest_first = true, .limit = kPageRows};
  do {
    const auto page = copy_->ReadThread(query);
    if (!page.ok()) return page.status();
    for (const HistoryMessage& message : page->messages) {
      if (absl::Status s = visit(message); !s.ok()) return s;
    }
    query.after = page->next;
  } while (query.after);
  const auto refused = copy_->Refused();
  if (!refused.ok()) return refused.status();
  for (const RefusedRow& row : *refused) {
    if (row.thread_id != thread_id) continue;
    if (absl::Status s = visit(AsRefused(row)); !s.ok()) return s;
  }
  return absl::OkStatus();
}

absl::Status ClientHistorySource::SaveAttachment(const Attachment& attachment, const RowClaims& row,
                                                 const std::string& path, absl::FunctionRef<bool()> go_on) {
  return client_.attachments().Download(attachment, row.thread_id, row.message_id, path,
                                        [go_on](uint64_t, uint64_t) { return go_on(); });
}

}  // namespace labyrinth::client
