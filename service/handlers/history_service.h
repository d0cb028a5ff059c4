// HistoryService on the callback API.
#ifndef LABYRINTH_SERVICE_HANDLERS_HISTORY_SERVICE_H_
#define LABYRINTH_SERVICE_HANDLERS_HISTORY_SERVICE_H_

#include "proto/labyrinth/v1/history.grpc.pb.h"
#include "service/handlers/call.h"

namespace labyrinth::service {

// Thread-safe. Where a response is messages for the most part, the handler writes its bytes (message_writer.h).
class HistoryServiceHandler final
    : public v1::HistoryService::WithRawCallbackMethod_ListMessages<
          v1::HistoryService::WithRawCallbackMethod_ListThreads<
              v1::HistoryService::WithRawCallbackMethod_BatchGetMessages<
                  v1::HistoryService::WithRawCallbackMethod_DownloadHistory<v1::HistoryService::CallbackService>>>> {
 public:
  explicit HistoryServiceHandler(const HandlerContext& context) : context_(context) {}

  grpc::ServerUnaryReactor* SaveMessages(grpc::CallbackServerContext* rpc, const v1::SaveMessagesRequest* request,
                                         v1::SaveMessagesResponse* response) override;
  grpc::ServerUnaryReactor* DeleteMessages(grpc::CallbackServerContext* rpc, const v1::DeleteMessagesRequest* request,
                                           v1::DeleteMessagesResponse* response) override;
  grpc::ServerUnaryReactor* BatchGetMessages(grpc::CallbackServerContext* rpc, const grpc::ByteBuffer* request,
                                             grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListMessages(grpc::CallbackServerContext* rpc, const grpc::ByteBuffer* request,
                                         grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListThreads(grpc::CallbackServerContext* rpc, const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ListChanges(grpc::CallbackServerContext* rpc, const v1::ListChangesRequest* request,
                                        v1::ListChangesResponse* response) override;
  grpc::ServerWriteReactor<v1::WatchResponse>* Watch(grpc::CallbackServerContext* rpc,
                                                     const v1::WatchRequest* request) override;
  grpc::ServerWriteReactor<grpc::ByteBuffer>* DownloadHistory(grpc::CallbackServerContext* rpc,
                                                              const grpc::ByteBuffer* request) override;

 private:
  const HandlerContext& context_;
};

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_HANDLERS_HISTORY_SERVICE_H_
