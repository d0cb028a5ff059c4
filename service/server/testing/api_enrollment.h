// The two sides of a one-time code over the wire, with whatever payloads a test says. testonly.
#ifndef LABYRINTH_SERVICE_SERVER_TESTING_API_ENROLLMENT_H_
#define LABYRINTH_SERVICE_SERVER_TESTING_API_ENROLLMENT_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <optional>
#include <string>

#include "proto/labyrinth/v1/device.grpc.pb.h"
#include "proto/labyrinth/v1/enrollment.grpc.pb.h"
#include "service/server/testing/api_device.h"

namespace labyrinth::service::testing {

// A stream of WatchEnrollments, read by hand. It fails after a minute rather than hang. Thread-compatible.
class EnrollmentWatch {
 public:
  // Returns when the server has sent its headers: it watches from then on.
  EnrollmentWatch(std::shared_ptr<grpc::Channel> channel, const std::string& token, const std::string& session,
                  const std::string& enrollment_id);
  ~EnrollmentWatch();

  // The next event, waited for; nullopt at the stream's end.
  std::optional<v1::WatchEnrollmentsResponse> Next();
  // As "CONSENT:payload" or "end".
  std::string NextText();
  // How it ended; waits for that, and fails the test if an event comes first.
  grpc::Status End();
  // The same, without having taken what came before.
  grpc::Status EndUnread();

 private:
  grpc::ClientContext context_;
  const std::unique_ptr<v1::EnrollmentService::Stub> stub_;
  std::unique_ptr<grpc::ClientReader<v1::WatchEnrollmentsResponse>> reader_;
  bool ended_ = false;
};

// One caller: a member by its session, or a new device by the account's token. Thread-compatible.
class EnrollmentCaller {
 public:
  EnrollmentCaller(std::shared_ptr<grpc::Channel> channel, std::string token, std::string session)
      : channel_(std::move(channel)),
        token_(std::move(token)),
        session_(std::move(session)),
        stub_(v1::EnrollmentService::NewStub(channel_)) {}

  grpc::Status Open(const v1::OpenEnrollmentRequest& request, v1::OpenEnrollmentResponse& response) const;
  // The enrolment's id. The test fails unless it is opened.
  std::string MustOpen(const crypto::DevicePublicKeys& keys) const;

  grpc::Status Send(const std::string& id, v1::EnrollmentStep step, uint32_t run, const std::string& payload,
                    const std::string& evolve_token = {}) const;
  grpc::Status Send(const v1::SendEnrollmentMessageRequest& request, v1::SendEnrollmentMessageResponse& response) const;
  std::unique_ptr<EnrollmentWatch> Watch(const std::string& id = {}) const {
    return std::make_unique<EnrollmentWatch>(channel_, token_, session_, id);
  }
  grpc::Status Register(const v1::RegisterDeviceRequest& request, v1::RegisterDeviceResponse& response) const;

 private:
  const std::shared_ptr<grpc::Channel> channel_;
  const std::string token_;
  const std::string session_;
  const std::unique_ptr<v1::EnrollmentService::Stub> stub_;
};

}  // namespace labyrinth::service::testing

#endif  // LABYRINTH_SERVICE_SERVER_TESTING_API_ENROLLMENT_H_
