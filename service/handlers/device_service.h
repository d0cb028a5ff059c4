// DeviceService on the callback API.
#ifndef LABYRINTH_SERVICE_HANDLERS_DEVICE_SERVICE_H_
#define LABYRINTH_SERVICE_HANDLERS_DEVICE_SERVICE_H_

#include "proto/labyrinth/v1/device.grpc.pb.h"
#include "service/handlers/call.h"
#include "service/mailbox/device_operations.h"

namespace labyrinth::service {

// Thread-safe.
class DeviceServiceHandler final : public v1::DeviceService::CallbackService {
 public:
  explicit DeviceServiceHandler(const HandlerContext& context) : context_(context) {}

  grpc::ServerUnaryReactor* ListDevices(grpc::CallbackServerContext* rpc, const v1::ListDevicesRequest* request,
                                        v1::ListDevicesResponse* response) override;
  grpc::ServerUnaryReactor* RegisterDevice(grpc::CallbackServerContext* rpc, const v1::RegisterDeviceRequest* request,
                                           v1::RegisterDeviceResponse* response) override;
  grpc::ServerUnaryReactor* CreateVirtualDevice(grpc::CallbackServerContext* rpc,
                                                const v1::CreateVirtualDeviceRequest* request,
                                                v1::CreateVirtualDeviceResponse* response) override;
  grpc::ServerUnaryReactor* GetVirtualDevice(grpc::CallbackServerContext* rpc,
                                             const v1::GetVirtualDeviceRequest* request,
                                             v1::GetVirtualDeviceResponse* response) override;
  grpc::ServerUnaryReactor* ListVirtualDeviceChecks(grpc::CallbackServerContext* rpc,
                                                    const v1::ListVirtualDeviceChecksRequest* request,
                                                    v1::ListVirtualDeviceChecksResponse* response) override;
  grpc::ServerUnaryReactor* RevokeDevice(grpc::CallbackServerContext* rpc, const v1::RevokeDeviceRequest* request,
                                         v1::RevokeDeviceResponse* response) override;

 private:
  // By whom, and whether they may: a member with a signed entry, or the account holder who signed in just now.
  absl::StatusOr<mailbox::RevokeDeviceRequest> ParseRevoke(Call& call, const v1::RevokeDeviceRequest& request) const;

  const HandlerContext& context_;
};

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_HANDLERS_DEVICE_SERVICE_H_
