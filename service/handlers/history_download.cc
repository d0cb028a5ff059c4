#include "service/handlers/history_download.h"

#include <fmt/format.h>

#include "common/errors.h"
#include "service/converters/messages.h"

namespace labyrinth::service {

grpc::ServerWriteReactor<v1::DownloadHistoryResponse>* HistoryDownload::Begin(
    const std::shared_ptr<HistoryDownload>& download) {
  const mailbox::Caller& caller = download->caller_;
  return download->Stream::Begin(download, fmt::format("{} {}", caller.device_id.value(), caller.partition),
                                 caller.partition);
}

void HistoryDownload::Produce(bool) {
  if (complete_) return End(absl::OkStatus());
  if (context_.clock.NowMs() >= session_expire_ms_) return End(errors::TokenInvalid("session: expired"));
  context_.downloads.Next(download_, ReadDeadline(), [this, keep = Keep()](absl::StatusOr<mailbox::DownloadPart> part) {
    TakePart(std::move(part));
  });
}

void HistoryDownload::TakePart(absl::StatusOr<mailbox::DownloadPart> part) {
  if (!part.ok()) return End(part.status());
  complete_ = part->resume_token.empty();
  v1::DownloadHistoryResponse response;
  const uint64_t bytes = ToProto(*std::move(part), context_.keys.generation(), response);
  Send(std::move(response), bytes);
}

}  // namespace labyrinth::service
