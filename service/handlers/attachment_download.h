// The stream of Download.
#ifndef LABYRINTH_SERVICE_HANDLERS_ATTACHMENT_DOWNLOAD_H_
#define LABYRINTH_SERVICE_HANDLERS_ATTACHMENT_DOWNLOAD_H_

#include <cstdint>
#include <memory>
#include <utility>

#include "proto/labyrinth/v1/attachment.pb.h"
#include "service/attachments/downloads.h"
#include "service/handlers/stream.h"

namespace labyrinth::service {

// One chunk at a time, each read together with the device's standing at that moment. Ends OK with the last byte,
// TOKEN_INVALID with the session, and with what Downloads::ReadChunk says. The log's line names no mailbox.
class DownloadStream final : public Stream<v1::DownloadResponse> {
 public:
  // `hold` is of a ticket whose attachment is longer than `offset`.
  DownloadStream(const HandlerContext& context, grpc::CallbackServerContext* rpc, attachments::Downloads::Hold hold,
                 uint64_t offset, int64_t session_expire_ms)
      : Stream(context, context.attachment_streams, rpc, "download"),
        hold_(std::move(hold)),
        session_expire_ms_(session_expire_ms),
        offset_(offset) {}

  static grpc::ServerWriteReactor<v1::DownloadResponse>* Begin(const std::shared_ptr<DownloadStream>& download);

 private:
  void Produce(bool recheck) override;

  const attachments::Downloads::Hold hold_;
  const int64_t session_expire_ms_;
  uint64_t offset_;  // of the next chunk
};

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_HANDLERS_ATTACHMENT_DOWNLOAD_H_
