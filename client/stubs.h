// The generated stubs of one channel: for what makes calls, and nothing else need know them.
#ifndef LABYRINTH_CLIENT_STUBS_H_
#define LABYRINTH_CLIENT_STUBS_H_

#include <grpcpp/channel.h>

#include <memory>

#include "proto/labyrinth/v1/attachment.grpc.pb.h"
#include "proto/labyrinth/v1/device.grpc.pb.h"
#include "proto/labyrinth/v1/enrollment.grpc.pb.h"
#include "proto/labyrinth/v1/epoch.grpc.pb.h"
#include "proto/labyrinth/v1/history.grpc.pb.h"
#include "proto/labyrinth/v1/mailbox.grpc.pb.h"

namespace labyrinth::client {

// Thread-safe, as stubs are.
struct Stubs {
  explicit Stubs(const std::shared_ptr<grpc::Channel>& channel)
      : mailbox(channel), device(channel), epoch(channel), history(channel), attachment(channel), enrollment(channel) {}

  v1::MailboxService::Stub mailbox;
  v1::DeviceService::Stub device;
  v1::EpochService::Stub epoch;
  v1::HistoryService::Stub history;
  v1::AttachmentService::Stub attachment;
  v1::EnrollmentService::Stub enrollment;
};

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_STUBS_H_
