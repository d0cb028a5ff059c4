#include "service/handlers/history_download.h"

#include <fmt/format.h>

#include "common/errors.h"
#include "service/converters/message_writer.h"

namespace labyrinth::service {

grpc::ServerWriteReactor<grpc::ByteBuffer>* HistoryDownload::Begin(const std::shared_ptr<HistoryDownload>& download) {
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

HistoryDownload::Written HistoryDownload::Write(const mailbox::DownloadPart& part, uint64_t generation) {
  return {WritePart(part, generation), CiphertextBytes(part.messages)};
}

void HistoryDownload::TakePart(absl::StatusOr<mailbox::DownloadPart> part) {
  if (!part.ok()) return End(part.status());
  complete_ = part->resume_token.empty();
  Written written = part->prepared ? *std::move(ahead_) : Write(*part, context_.keys.generation());
  if (!complete_) {
    ahead_ = std::make_shared<Written>();
    context_.downloads.ReadAhead(
        download_, ReadDeadline(),
        [ahead = ahead_, generation = context_.keys.generation()](mailbox::DownloadPart& next) {
          *ahead = Write(next, generation);
          next.messages.clear();  // and with them their rows
        });
  }
  Send(std::move(written.response), written.ciphertext_bytes);
}

}  // namespace labyrinth::service
