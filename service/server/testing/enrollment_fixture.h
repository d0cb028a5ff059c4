// A mailbox, its first device, and new devices beside it, ready for one-time codes over the wire. testonly.
#ifndef LABYRINTH_SERVICE_SERVER_TESTING_ENROLLMENT_FIXTURE_H_
#define LABYRINTH_SERVICE_SERVER_TESTING_ENROLLMENT_FIXTURE_H_

#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "common/clock.h"
#include "common/errors.h"
#include "common/rpc_status.h"
#include "crypto/primitives/ristretto.h"
#include "service/server/testing/api_device.h"
#include "service/server/testing/api_enrollment.h"
#include "service/server/testing/live_server.h"

namespace labyrinth::service::testing {

inline constexpr auto kConsent = v1::ENROLLMENT_STEP_CONSENT;
inline constexpr auto kStart = v1::ENROLLMENT_STEP_START;
inline constexpr auto kAnswer = v1::ENROLLMENT_STEP_ANSWER;
inline constexpr auto kConfirm = v1::ENROLLMENT_STEP_CONFIRM;
inline constexpr auto kGrant = v1::ENROLLMENT_STEP_GRANT;
inline constexpr auto kRefuse = v1::ENROLLMENT_STEP_REFUSE;
inline constexpr auto kRenew = v1::ENROLLMENT_STEP_RENEW;
inline constexpr auto kCancel = v1::ENROLLMENT_STEP_CANCEL;

// Alice's mailbox with its first device, and new devices beside it. Time stands still unless a test moves it.
struct EnrollmentFixture {
  explicit EnrollmentFixture(const std::string& name)
      : clock(SystemClock().NowMs()), server(DevConfig(FreshDir("enrollment_" + name)), &clock) {
    server.Start();
    token = server.Token("alice");
    old = NewDevice();
    old->CreateMailbox();
    session = old->SignIn();
  }

  std::unique_ptr<ApiDevice> NewDevice(const std::string& account = "alice") {
    return std::make_unique<ApiDevice>(server.Channel(), std::string(kDevServerName), account, server.Token(account),
                                       server.random());
  }
  EnrollmentCaller N() { return {server.Channel(), token, ""}; }
  EnrollmentCaller O() { return {server.Channel(), "", session}; }
  std::string RandomScalar() { return std::string(crypto::Scalar::Random(server.random()).bytes().RevealSecret()); }

  std::string MustConsent(const ApiDevice& added) {
    const std::string id = N().MustOpen(added.keys());
    REQUIRE(O().Send(id, kConsent, 0, "nO").ok());
    return id;
  }
  // Up to the grant.
  std::string MustGrant(const ApiDevice& added) {
    const std::string id = MustConsent(added);
    REQUIRE(N().Send(id, kStart, 1, "Ya").ok());
    REQUIRE(O().Send(id, kAnswer, 1, "Yb").ok());
    REQUIRE(N().Send(id, kConfirm, 1, "macN").ok());
    REQUIRE(O().Send(id, kGrant, 1, "bundle", RandomScalar()).ok());
    return id;
  }
  v1::RegisterDeviceRequest Registration(const std::string& id, const ApiDevice& added, const ApiDevice& sponsor,
                                         const LogPosition& at) {
    v1::RegisterDeviceRequest request;
    request.set_request_id(server.random().Bytes(16));
    request.set_enrollment_id(id);
    ToProto(added.keys(), *request.mutable_keys());
    request.set_evolve_token(RandomScalar());
    request.set_epoch_id(old->epoch_id.value());
    request.set_epoch_device_mac(std::string(32, 'm'));
    *request.mutable_log_entry() = sponsor.SignAdd(added.keys(), at);
    return request;
  }
  grpc::Status Register(const std::string& id, ApiDevice& added) {
    v1::RegisterDeviceResponse response;
    const grpc::Status status = N().Register(Registration(id, added, *old, old->Log(session)), response);
    if (status.ok()) Became(added, response);
    return status;
  }
  void Became(ApiDevice& added, const v1::RegisterDeviceResponse& response) {
    added.mailbox_id = *MailboxId::From(response.mailbox_id());
    added.device_id = DeviceId(response.device_id());
    added.epoch_id = old->epoch_id;
  }
  // A member beside the first device.
  std::unique_ptr<ApiDevice> AddMember() {
    auto added = NewDevice();
    REQUIRE(Register(MustGrant(*added), *added).ok());
    return added;
  }
  // By the account's holder, without a member's signature.
  void CutOff(const ApiDevice& device) {
    grpc::ClientContext context;
    Authorize(context, token);
    v1::RevokeDeviceRequest request;
    v1::RevokeDeviceResponse response;
    request.set_request_id(server.random().Bytes(16));
    request.set_device_id(device.device_id.value());
    REQUIRE(v1::DeviceService::NewStub(server.Channel())->RevokeDevice(&context, request, &response).ok());
  }

  ManualClock clock;
  LiveServer server;
  std::string token;
  std::unique_ptr<ApiDevice> old;
  std::string session;
};

// The field that an error names.
inline std::string FieldOf(const grpc::Status& status) {
  const auto details = DetailsOf(FromGrpc(status));
  const auto field = details.find("field");
  return field == details.end() ? "(none)" : field->second;
}

}  // namespace labyrinth::service::testing

#endif  // LABYRINTH_SERVICE_SERVER_TESTING_ENROLLMENT_FIXTURE_H_
