// The stream of DownloadHistory.
#ifndef LABYRINTH_SERVICE_HANDLERS_HISTORY_DOWNLOAD_H_
#define LABYRINTH_SERVICE_HANDLERS_HISTORY_DOWNLOAD_H_

#include <grpcpp/support/byte_buffer.h>

#include <cstdint>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "service/handlers/stream.h"
#include "service/mailbox/download_reader.h"

namespace labyrinth::service {

// Sends a part when the client has taken the one before, as the mailbox and the caller's standing are then. The next
// two are read and written meanwhile, so a slow client costs three parts. Ends OK after the last part, with
// TOKEN_INVALID with its session, and with what DownloadReader says.
class HistoryDownload final : public Stream<grpc::ByteBuffer> {
 public:
  HistoryDownload(const HandlerContext& context, grpc::CallbackServerContext* rpc, const mailbox::Caller& caller,
                  mailbox::Download download, int64_t session_expire_ms)
      : Stream(context, context.history_downloads, rpc, "download_history"),
        caller_(caller),
        session_expire_ms_(session_expire_ms),
        download_(std::move(download)) {
    SetPartition(caller_.partition);
  }

  static grpc::ServerWriteReactor<grpc::ByteBuffer>* Begin(const std::shared_ptr<HistoryDownload>& download);

 private:
  void Produce(bool recheck) override;
  void TakePart(absl::StatusOr<mailbox::DownloadPart> part);

  const mailbox::Caller caller_;
  const int64_t session_expire_ms_;
  mailbox::Download download_;
  bool complete_ = false;  // the last part was sent
};

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_HANDLERS_HISTORY_DOWNLOAD_H_
