// EnrollmentService on the callback API.
#ifndef LABYRINTH_SERVICE_HANDLERS_ENROLLMENT_SERVICE_H_
#define LABYRINTH_SERVICE_HANDLERS_ENROLLMENT_SERVICE_H_

#include <optional>
#include <string>

#include "proto/labyrinth/v1/enrollment.grpc.pb.h"
#include "service/handlers/call.h"
#include "service/handlers/enrollment_fields.h"

namespace labyrinth::service {

// Thread-safe.
class EnrollmentServiceHandler final : public v1::EnrollmentService::CallbackService {
 public:
  explicit EnrollmentServiceHandler(const HandlerContext& context) : context_(context) {}

  grpc::ServerUnaryReactor* OpenEnrollment(grpc::CallbackServerContext* rpc, const v1::OpenEnrollmentRequest* request,
                                           v1::OpenEnrollmentResponse* response) override;
  grpc::ServerUnaryReactor* SendEnrollmentMessage(grpc::CallbackServerContext* rpc,
                                                  const v1::SendEnrollmentMessageRequest* request,
                                                  v1::SendEnrollmentMessageResponse* response) override;
  grpc::ServerWriteReactor<v1::WatchEnrollmentsResponse>* WatchEnrollments(
      grpc::CallbackServerContext* rpc, const v1::WatchEnrollmentsRequest* request) override;

 private:
  // A member, or the new device.
  struct Sender {
    std::string partition;
    std::optional<mailbox::Caller> member;
  };
  // TOKEN_INVALID. Membership is not looked at yet.
  absl::StatusOr<Sender> FindSender(Call& call) const;
  void SendByMember(Call call, mailbox::Caller member, EnrollmentMessageFields fields,
                    v1::SendEnrollmentMessageResponse* response) const;
  void SendByNewDevice(Call call, std::string partition, EnrollmentMessageFields fields,
                       v1::SendEnrollmentMessageResponse* response) const;
  // Hands the message to the relay and ends the call.
  void Deliver(Call& call, const Sender& sender, EnrollmentMessageFields fields,
               v1::SendEnrollmentMessageResponse* response) const;

  const HandlerContext& context_;
};

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_HANDLERS_ENROLLMENT_SERVICE_H_
