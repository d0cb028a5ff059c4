// EpochService on the callback API.
#ifndef LABYRINTH_SERVICE_HANDLERS_EPOCH_SERVICE_H_
#define LABYRINTH_SERVICE_HANDLERS_EPOCH_SERVICE_H_

#include "proto/labyrinth/v1/epoch.grpc.pb.h"
#include "service/handlers/call.h"

namespace labyrinth::service {

// Thread-safe.
class EpochServiceHandler final : public v1::EpochService::CallbackService {
 public:
  explicit EpochServiceHandler(const HandlerContext& context) : context_(context) {}

  grpc::ServerUnaryReactor* OpenEpoch(grpc::CallbackServerContext* rpc, const v1::OpenEpochRequest* request,
                                      v1::OpenEpochResponse* response) override;
  grpc::ServerUnaryReactor* ListEpochs(grpc::CallbackServerContext* rpc, const v1::ListEpochsRequest* request,
                                       v1::ListEpochsResponse* response) override;

 private:
  const HandlerContext& context_;
};

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_HANDLERS_EPOCH_SERVICE_H_
