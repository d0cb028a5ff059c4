#include "client/readers.h"

#include <utility>

#include "client/row_opener.h"

namespace labyrinth::client {
namespace {

HistoryMessage Tampered(const HistoryMessage& message, Tampering kind) {
  return HistoryMessage(message.row(), TamperedBody{kind});
}

}  // namespace

absl::StatusOr<std::vector<HistoryMessage>> MessageReader::NextPage() {
  if (absl::Status s = core_.Ready(); !s.ok()) return s;
  v1::ListMessagesRequest request;
  request.set_thread_id(query_.thread_id);
  request.set_start_ms(query_.start_ms);
  request.set_end_ms(query_.end_ms);
  request.set_order(query_.oldest_first ? v1::ORDER_OLDEST_FIRST : v1::ORDER_NEWEST_FIRST);
  request.set_page_size(static_cast<int32_t>(query_.page_size));
  while (!walk_.done()) {
    request.set_page_token(walk_.token());
    const auto page = core_.api().ListMessages(request);
    if (!page.ok()) return page.status();
    auto messages = OpenRows(core_, page->messages());
    if (!messages.ok()) return messages.status();
    if (absl::Status s = walk_.Advance(page->next_page_token(), messages->size()); !s.ok()) return s;
    if (messages->empty()) continue;
    for (HistoryMessage& message : *messages) message = CheckPlace(std::move(message));
    return messages;
  }
  return std::vector<HistoryMessage>();
}

// Rows without an envelope have times that only the server vouches for; the order must hold among them all the same.
HistoryMessage MessageReader::CheckPlace(HistoryMessage message) {
  const RowClaims& row = message.row();
  const bool in_range = row.timestamp_ms >= query_.start_ms && (query_.end_ms == 0 || row.timestamp_ms < query_.end_ms);
  if (!in_range || (!query_.thread_id.empty() && row.thread_id != query_.thread_id)) {
    return Tampered(message, Tampering::kOutsideOfQuery);
  }
  if (any_ && row.timestamp_ms != last_timestamp_ms_) {
    const bool rises = row.timestamp_ms > last_timestamp_ms_;
    if (rises != query_.oldest_first) return Tampered(message, Tampering::kOutOfOrder);
    ids_at_last_timestamp_.clear();
  }
  any_ = true;
  last_timestamp_ms_ = row.timestamp_ms;
  // The order is by time and the envelope binds the time, so a repeated message stands among those of its own time.
  if (!ids_at_last_timestamp_.insert(row.message_id).second) return Tampered(message, Tampering::kDuplicate);
  return message;
}

absl::StatusOr<std::vector<HistoryMessage>> ThreadReader::NextPage() {
  if (absl::Status s = core_.Ready(); !s.ok()) return s;
  while (!walk_.done()) {
    v1::ListThreadsRequest request;
    request.set_page_token(walk_.token());
    const auto page = core_.api().ListThreads(request);
    if (!page.ok()) return page.status();
    auto messages = OpenRows(core_, page->newest_messages());
    if (!messages.ok()) return messages.status();
    if (absl::Status s = walk_.Advance(page->next_page_token(), messages->size()); !s.ok()) return s;
    if (messages->empty()) continue;
    for (HistoryMessage& message : *messages) {
      if (!threads_.insert(message.row().thread_id).second) message = Tampered(message, Tampering::kDuplicate);
    }
    return messages;
  }
  return std::vector<HistoryMessage>();
}

}  // namespace labyrinth::client
