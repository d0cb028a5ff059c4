// What every session over one channel shares.
#ifndef LABYRINTH_CLIENT_CONNECTION_H_
#define LABYRINTH_CLIENT_CONNECTION_H_

#include <grpcpp/channel.h>

#include <memory>

#include "absl/status/statusor.h"
#include "client/caller.h"
#include "client/options.h"
#include "client/token_source.h"
#include "common/clock.h"
#include "common/random.h"
#include "crypto/primitives/secret.h"
#include "proto/labyrinth/v1/attachment.grpc.pb.h"
#include "proto/labyrinth/v1/device.grpc.pb.h"
#include "proto/labyrinth/v1/enrollment.grpc.pb.h"
#include "proto/labyrinth/v1/epoch.grpc.pb.h"
#include "proto/labyrinth/v1/history.grpc.pb.h"
#include "proto/labyrinth/v1/mailbox.grpc.pb.h"

namespace labyrinth::client {

// The channel's stubs, the retrying caller and the account token's source. Thread-compatible; borrows the seams.
class Connection {
 public:
  Connection(std::shared_ptr<grpc::Channel> channel, std::shared_ptr<AccountTokenSource> tokens,
             const RetryPolicy& retry, Clock& clock, RandomSource& random, Sleeper& sleeper);

  // The token, checked to be of the form that a header may carry; FAILED_PRECONDITION if it isn't.
  absl::StatusOr<crypto::Secret> Token(bool renew);

  // Calls `send(token, context)` with the account's token, and once more with a renewed one if the server refuses it.
  absl::Status CallWithToken(absl::FunctionRef<grpc::Status(const crypto::Secret&, grpc::ClientContext&)> send);

  Caller& caller() { return caller_; }
  Clock& clock() { return clock_; }
  RandomSource& random() { return random_; }
  Sleeper& sleeper() { return sleeper_; }
  v1::MailboxService::Stub& mailbox() { return *mailbox_; }
  v1::DeviceService::Stub& device() { return *device_; }
  v1::EpochService::Stub& epoch() { return *epoch_; }
  v1::HistoryService::Stub& history() { return *history_; }
  v1::AttachmentService::Stub& attachment() { return *attachment_; }
  v1::EnrollmentService::Stub& enrollment() { return *enrollment_; }

 private:
  std::shared_ptr<grpc::Channel> channel_;
  std::shared_ptr<AccountTokenSource> tokens_;
  Clock& clock_;
  RandomSource& random_;
  Sleeper& sleeper_;
  Caller caller_;
  std::unique_ptr<v1::MailboxService::Stub> mailbox_;
  std::unique_ptr<v1::DeviceService::Stub> device_;
  std::unique_ptr<v1::EpochService::Stub> epoch_;
  std::unique_ptr<v1::HistoryService::Stub> history_;
  std::unique_ptr<v1::AttachmentService::Stub> attachment_;
  std::unique_ptr<v1::EnrollmentService::Stub> enrollment_;
};

// Puts `authorization: Bearer <token>` on a call.
void AddToken(const crypto::Secret& token, grpc::ClientContext& context);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_CONNECTION_H_
