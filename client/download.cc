#include "client/download.h"

#include <optional>
#include <set>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "client/caller.h"
#include "client/convert.h"
#include "client/page_walk.h"
#include "client/row_opener.h"
#include "client/stubs.h"

namespace labyrinth::client {
namespace {

constexpr uint64_t kFewEmpty = 16;

// One download over all its streams. Memory grows by 8 bytes a thread and a batch. Thread-compatible.
class Download {
 public:
  using Take = absl::FunctionRef<absl::Status(const DownloadBatch&)>;

  Download(Core& core, const DownloadQuery& query, Take take)
      : core_(core), thread_id_(query.thread_id), take_(take), walk_(query.resume_token) {}

  absl::Status Run() {
    for (;;) {
      const uint64_t before = batches_;
      const absl::Status status =
          core_.api().Stream([this](Stubs& stubs, grpc::ClientContext& context) { return Attempt(stubs, context); });
      if (stopped_) return *stopped_;
      // Attempts are bounded in a row; a stream that moves may break as often as it likes.
      if (status.ok() || !OutcomeIsOpen(status) || batches_ == before) return status;
    }
  }

 private:
  // One stream from the last batch on. OK once everything is there.
  grpc::Status Attempt(Stubs& stubs, grpc::ClientContext& context) {
    if (stopped_) return grpc::Status(grpc::StatusCode::ABORTED, "");
    v1::DownloadHistoryRequest request;
    request.set_thread_id(thread_id_);
    request.set_resume_token(walk_.token());
    const auto reader = stubs.history.DownloadHistory(&context, request);
    v1::DownloadHistoryResponse response;
    while (!stopped_ && !walk_.done() && reader->Read(&response)) stopped_ = Accept(response);
    if (stopped_) context.TryCancel();
    // Nothing that follows the last batch can matter.
    if (walk_.done()) context.TryCancel();
    const grpc::Status status = reader->Finish();
    // The stopping error is what the caller returns; this one ends the retries.
    if (stopped_) return grpc::Status(grpc::StatusCode::ABORTED, "");
    if (walk_.done()) return grpc::Status::OK;
    if (status.ok()) return grpc::Status(grpc::StatusCode::UNAVAILABLE, "download: it ended early");
    return status;
  }

  // nullopt: go on.
  std::optional<absl::Status> Accept(const v1::DownloadHistoryResponse& response) {
    DownloadBatch batch{.messages = {},
                        .progress = {.total_count = response.total_count(),
                                     .total_bytes = response.total_bytes(),
                                     .done_count = response.done_count(),
                                     .done_bytes = response.done_bytes(),
                                     .vanished_count = response.vanished_count(),
                                     .vanished_bytes = response.vanished_bytes()},
                        .as_of = FromProto(response.as_of()),
                        .resume_token = response.resume_token(),
                        .complete = response.resume_token().empty()};
    if (absl::Status s = CheckTotals(response, batch); !s.ok()) return s;
    auto messages = OpenRows(core_, response.messages());
    if (!messages.ok()) return messages.status();
    batch.messages = *std::move(messages);
    for (HistoryMessage& message : batch.messages) message = CheckPlace(std::move(message));
    if (absl::Status s = take_(batch); !s.ok()) return s;
    // A response may be empty where much has vanished, but not more of them than there were rows.
    if (batch.messages.empty() && ++empty_ > kFewEmpty + batch.progress.total_count) {
      return Violation("download: the server sends empty responses without end");
    }
    if (absl::Status s = walk_.Advance(batch.resume_token, /*items=*/1); !s.ok()) return s;
    last_ = batch.progress;
    as_of_ = batch.as_of;
    ++batches_;
    return std::nullopt;
  }

  absl::Status CheckTotals(const v1::DownloadHistoryResponse& response, const DownloadBatch& batch) {
    const DownloadProgress& now = batch.progress;
    uint64_t bytes = 0;
    for (const v1::Message& row : response.messages()) bytes += row.ciphertext().size();
    const uint64_t count = response.messages_size();
    bool holds = now.done_count <= now.total_count && now.done_bytes <= now.total_bytes && count <= now.done_count &&
                 bytes <= now.done_bytes;
    // A token of another process comes without the counts before it.
    const bool known = batches_ > 0 || walk_.token().empty();
    if (known)
      holds = holds && now.done_count == last_.done_count + count && now.done_bytes == last_.done_bytes + bytes;
    if (batches_ > 0) {
      holds = holds && now.total_count == last_.total_count && now.total_bytes == last_.total_bytes &&
              batch.as_of == as_of_;
    }
    if (batch.complete) {
      holds = holds && now.vanished_count == now.total_count - now.done_count &&
              now.vanished_bytes == now.total_bytes - now.done_bytes;
    }
    return holds ? absl::OkStatus() : Violation("download: the server's totals contradict each other");
  }

  HistoryMessage CheckPlace(HistoryMessage message) {
    const RowClaims& row = message.row();
    const auto tampered = [&row](Tampering kind) { return HistoryMessage(row, TamperedBody{kind}); };
    if (!thread_id_.empty() && row.thread_id != thread_id_) return tampered(Tampering::kOutsideOfQuery);
    if (row.thread_id != current_thread_) {
      if (!current_thread_.empty()) finished_threads_.insert(absl::Hash<std::string>{}(current_thread_));
      if (finished_threads_.contains(absl::Hash<std::string>{}(row.thread_id))) return tampered(Tampering::kOutOfOrder);
      current_thread_ = row.thread_id;
      ids_at_timestamp_.clear();
    } else if (row.timestamp_ms > timestamp_ms_) {
      return tampered(Tampering::kOutOfOrder);
    } else if (row.timestamp_ms < timestamp_ms_) {
      ids_at_timestamp_.clear();
    }
    timestamp_ms_ = row.timestamp_ms;
    // The order is by time and the envelope binds the time, so a repeated message stands among those of its own time.
    if (!ids_at_timestamp_.insert(row.message_id).second) return tampered(Tampering::kDuplicate);
    return message;
  }

  Core& core_;
  const std::string thread_id_;
  const Take take_;
  PageWalk walk_;
  uint64_t batches_ = 0;
  uint64_t empty_ = 0;
  DownloadProgress last_;
  FeedCursor as_of_;
  std::string current_thread_;
  absl::flat_hash_set<std::size_t> finished_threads_;
  int64_t timestamp_ms_ = 0;
  std::set<std::string> ids_at_timestamp_;
  std::optional<absl::Status> stopped_;
};

}  // namespace

absl::Status DownloadHistory(Core& core, const DownloadQuery& query,
                             absl::FunctionRef<absl::Status(const DownloadBatch&)> take) {
  if (absl::Status s = core.Ready(); !s.ok()) return s;
  // Beforehand: the stream's time is not for chaining.
  if (absl::Status s = core.ReachFirstEpoch(); !s.ok()) return s;
  return Download(core, query, take).Run();
}

}  // namespace labyrinth::client
