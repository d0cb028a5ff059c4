#include "service/handlers/history_download.h"

#include <fmt/format.h>

#include "common/errors.h"
#include "service/converters/message_writer.h"

namespace labyrinth::service {
namespace {

struct Written {
  grpc::ByteBuffer response;
  uint64_t ciphertext_bytes = 0;
};

Written Write(const mailbox::DownloadPart& part, uint64_t generation) {
  return {WritePart(part, generation), CiphertextBytes(part.messages)};
}

}  // namespace

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

void HistoryDownload::TakePart(absl::StatusOr<mailbox::DownloadPart> part) {
  if (!part.ok()) return End(part.status());
  complete_ = part->resume_token.empty();
  const uint64_t generation = context_.keys.generation();
  if (!complete_) {
    context_.downloads.ReadAhead(download_, ReadDeadline(), [generation](mailbox::DownloadPart& ahead) {
      auto written = std::make_shared<Written>(Write(ahead, generation));
      ahead.messages.clear();  // and with them their rows
      return written;
    });
  }
  const auto prepared = std::static_pointer_cast<Written>(part->prepared);
  Written written = prepared != nullptr ? std::move(*prepared) : Write(*part, generation);
  Send(std::move(written.response), written.ciphertext_bytes);
}

}  // namespace labyrinth::service
