#include "service/server/testing/api_enrollment.h"

#include <catch2/catch.hpp>
#include <chrono>

namespace labyrinth::service::testing {

EnrollmentWatch::EnrollmentWatch(std::shared_ptr<grpc::Channel> channel, const std::string& token,
                                 const std::string& session, const std::string& enrollment_id)
    : stub_(v1::EnrollmentService::NewStub(std::move(channel))) {
  Authorize(context_, token, session);
  context_.set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(1));
  v1::WatchEnrollmentsRequest request;
  request.set_enrollment_id(enrollment_id);
  reader_ = stub_->WatchEnrollments(&context_, request);
  reader_->WaitForInitialMetadata();
}

EnrollmentWatch::~EnrollmentWatch() {
  if (ended_) return;
  context_.TryCancel();
  v1::WatchEnrollmentsResponse event;
  while (reader_->Read(&event)) {
  }
  reader_->Finish();
}

std::optional<v1::WatchEnrollmentsResponse> EnrollmentWatch::Next() {
  v1::WatchEnrollmentsResponse event;
  if (!reader_->Read(&event)) return std::nullopt;
  return event;
}

std::string EnrollmentWatch::NextText() {
  const auto event = Next();
  if (!event.has_value()) return "end";
  constexpr std::size_t kPrefix = std::string_view("ENROLLMENT_STEP_").size();
  return v1::EnrollmentStep_Name(event->step()).substr(kPrefix) + ":" + event->payload();
}

grpc::Status EnrollmentWatch::End() {
  CHECK(NextText() == "end");
  return EndUnread();
}

grpc::Status EnrollmentWatch::EndUnread() {
  ended_ = true;
  return reader_->Finish();
}

grpc::Status EnrollmentCaller::Open(const v1::OpenEnrollmentRequest& request,
                                    v1::OpenEnrollmentResponse& response) const {
  grpc::ClientContext context;
  Authorize(context, token_, session_);
  return stub_->OpenEnrollment(&context, request, &response);
}

std::string EnrollmentCaller::MustOpen(const crypto::DevicePublicKeys& keys) const {
  v1::OpenEnrollmentRequest request;
  ToProto(keys, *request.mutable_keys());
  request.set_nonce("nonce of 16 byte");
  request.set_sealed_label("label");
  v1::OpenEnrollmentResponse response;
  const grpc::Status status = Open(request, response);
  INFO(status.error_message());
  REQUIRE(status.ok());
  return response.enrollment_id();
}

grpc::Status EnrollmentCaller::Send(const std::string& id, v1::EnrollmentStep step, uint32_t run,
                                    const std::string& payload, const std::string& evolve_token) const {
  v1::SendEnrollmentMessageRequest request;
  request.set_enrollment_id(id);
  request.set_step(step);
  request.set_run(run);
  request.set_payload(payload);
  request.set_evolve_token(evolve_token);
  v1::SendEnrollmentMessageResponse response;
  return Send(request, response);
}

grpc::Status EnrollmentCaller::Send(const v1::SendEnrollmentMessageRequest& request,
                                    v1::SendEnrollmentMessageResponse& response) const {
  grpc::ClientContext context;
  Authorize(context, token_, session_);
  return stub_->SendEnrollmentMessage(&context, request, &response);
}

grpc::Status EnrollmentCaller::Register(const v1::RegisterDeviceRequest& request,
                                        v1::RegisterDeviceResponse& response) const {
  grpc::ClientContext context;
  Authorize(context, token_, session_);
  return v1::DeviceService::NewStub(channel_)->RegisterDevice(&context, request, &response);
}

}  // namespace labyrinth::service::testing
