#include "service/handlers/attachment_download.h"

#include <string>

#include "common/crc32c.h"
#include "common/errors.h"
#include "service/attachments/attachments.h"

namespace labyrinth::service {

grpc::ServerWriteReactor<v1::DownloadResponse>* DownloadStream::Begin(const std::shared_ptr<DownloadStream>& download) {
  // Counted by its hold. It never rests, so there is nothing to wake it for.
  return download->Stream::Begin(download, "", "");
}

void DownloadStream::Produce(bool) {
  if (context_.clock.NowMs() >= session_expire_ms_) return End(errors::TokenInvalid("session: expired"));
  if (offset_ == hold_.ticket().size_bytes) return End(absl::OkStatus());
  context_.attachments.downloads.ReadChunk(hold_, offset_, ReadDeadline(),
                                           [this, keep = Keep()](absl::StatusOr<std::string> data) {
                                             if (!data.ok()) return End(data.status());
                                             const std::size_t bytes = data->size();
                                             v1::DownloadResponse response;
                                             response.set_offset(offset_);
                                             response.set_crc32c(Crc32c(*data));
                                             response.set_data(*std::move(data));
                                             offset_ += bytes;
                                             Send(std::move(response), bytes);
                                           });
}

}  // namespace labyrinth::service
