// One-time codes over the wire: both sides driven by hand, honest and hostile (protocol section 4).
#include <grpcpp/grpcpp.h>

#include <catch2/catch.hpp>
#include <thread>

#include "common/clock.h"
#include "common/errors.h"
#include "common/limits.h"
#include "common/rpc_status.h"
#include "crypto/primitives/ristretto.h"
#include "service/server/testing/api_device.h"
#include "service/server/testing/api_enrollment.h"
#include "service/server/testing/live_server.h"

namespace labyrinth::service {
namespace {

using testing::ApiDevice;
using testing::DevConfig;
using testing::EnrollmentCaller;
using testing::FreshDir;
using testing::LiveServer;
using testing::ReasonOfCall;

constexpr auto kConsent = v1::ENROLLMENT_STEP_CONSENT;
constexpr auto kStart = v1::ENROLLMENT_STEP_START;
constexpr auto kAnswer = v1::ENROLLMENT_STEP_ANSWER;
constexpr auto kConfirm = v1::ENROLLMENT_STEP_CONFIRM;
constexpr auto kGrant = v1::ENROLLMENT_STEP_GRANT;
constexpr auto kRefuse = v1::ENROLLMENT_STEP_REFUSE;
constexpr auto kRenew = v1::ENROLLMENT_STEP_RENEW;
constexpr auto kCancel = v1::ENROLLMENT_STEP_CANCEL;

// Alice's mailbox with its first device, and new devices beside it. Time stands still unless a test moves it.
struct Fixture {
  explicit Fixture(const std::string& name)
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
                                         const testing::LogPosition& at) {
    v1::RegisterDeviceRequest request;
    request.set_request_id(server.random().Bytes(16));
    request.set_enrollment_id(id);
    testing::ToProto(added.keys(), *request.mutable_keys());
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
    testing::Authorize(context, token);
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

std::string FieldOf(const grpc::Status& status) {
  const auto details = DetailsOf(FromGrpc(status));
  const auto field = details.find("field");
  return field == details.end() ? "(none)" : field->second;
}

TEST_CASE("Two devices meet, each hears the other, and the new one is a member that signs in") {
  Fixture f("whole");
  auto added = f.NewDevice();
  const auto members = f.O().Watch();
  const std::string id = f.N().MustOpen(added->keys());
  const auto opened = members->Next();
  REQUIRE(opened.has_value());
  CHECK(opened->enrollment_id() == id);
  CHECK(opened->step() == v1::ENROLLMENT_STEP_OPEN);
  CHECK(opened->payload() == "nonce of 16 byte");
  CHECK(opened->keys().device_key() == added->keys().device_key.view());
  CHECK(opened->keys().sig_31() == added->keys().sig_31->view());
  CHECK(opened->sealed_label() == "label");
  const auto mine = f.N().Watch(id);

  REQUIRE(f.O().Send(id, kConsent, 0, "nO").ok());
  CHECK(mine->NextText() == "CONSENT:nO");
  REQUIRE(f.N().Send(id, kStart, 1, "Ya").ok());
  CHECK(members->NextText() == "START:Ya");
  REQUIRE(f.O().Send(id, kAnswer, 1, "Yb").ok());
  CHECK(mine->NextText() == "ANSWER:Yb");
  REQUIRE(f.N().Send(id, kConfirm, 1, "macN").ok());
  CHECK(members->NextText() == "CONFIRM:macN");
  REQUIRE(f.O().Send(id, kGrant, 1, "bundle", f.RandomScalar()).ok());
  CHECK(mine->NextText() == "GRANT:bundle");

  CHECK(f.Register(id, *added).ok());
  CHECK(mine->End().ok());
  CHECK(members->NextText() == "REGISTERED:");
  CHECK_FALSE(added->SignIn().empty());
  CHECK(ReasonOfCall(f.N().Send(id, kRenew, 1, "")) == Reason::kEnrollmentClosed);
  CHECK(ReasonOfCall(f.N().Watch(id)->End()) == std::nullopt);  // OK: that is how it ended
}

TEST_CASE("An entry that went stale is signed again, and a registration of unknown outcome is repeated") {
  Fixture f("stale");
  auto first = f.NewDevice(), second = f.NewDevice();
  const std::string one = f.MustGrant(*first), two = f.MustGrant(*second);
  const testing::LogPosition before = f.old->Log(f.session);
  REQUIRE(f.Register(one, *first).ok());

  v1::RegisterDeviceResponse response;
  CHECK(ReasonOfCall(f.N().Register(f.Registration(two, *second, *f.old, before), response)) == Reason::kLogStale);
  const auto mine = f.N().Watch(two);
  for (const char* text : {"CONSENT:nO", "ANSWER:Yb", "GRANT:bundle"}) CHECK(mine->NextText() == text);
  CHECK(f.N().Send(two, kRenew, 1, "").ok());
  CHECK(FieldOf(f.O().Send(two, kGrant, 1, "fresh", f.RandomScalar())) == "evolve_token");
  CHECK(f.O().Send(two, kGrant, 1, "fresh").ok());
  CHECK(mine->NextText() == "GRANT:fresh");

  const auto request = f.Registration(two, *second, *f.old, f.old->Log(f.session));
  REQUIRE(f.N().Register(request, response).ok());
  const uint64_t device_id = response.device_id();
  CHECK(mine->End().ok());
  response.Clear();
  CHECK(f.N().Register(request, response).ok());  // the same request, after the enrolment's end
  CHECK(response.device_id() == device_id);
  v1::RegisterDeviceRequest other = request;
  other.set_request_id(std::string(16, 'x'));
  CHECK(ReasonOfCall(f.N().Register(other, response)) == Reason::kEnrollmentClosed);
}

TEST_CASE("Nobody else's account, enrolment, keys or signature gets anywhere") {
  Fixture f("strangers");
  auto bob = f.NewDevice("bob");
  bob->CreateMailbox();
  const EnrollmentCaller bob_n(f.server.Channel(), f.server.Token("bob"), "");
  const EnrollmentCaller bob_o(f.server.Channel(), "", bob->SignIn());
  auto added = f.NewDevice(), other = f.NewDevice();
  const std::string id = f.MustGrant(*added);
  const std::string second = f.MustConsent(*other);
  for (const EnrollmentCaller* caller : {&bob_n, &bob_o}) {
    for (const auto step : {kConsent, kStart, kAnswer, kConfirm, kGrant, kRefuse, kRenew, kCancel}) {
      CHECK(ReasonOfCall(caller->Send(id, step, 1, "x")) == Reason::kEnrollmentClosed);
    }
  }
  CHECK(ReasonOfCall(bob_n.Watch(id)->End()) == Reason::kEnrollmentClosed);
  const testing::LogPosition at = f.old->Log(f.session);
  v1::RegisterDeviceResponse response;
  const auto registered = [&](const EnrollmentCaller& caller, const v1::RegisterDeviceRequest& request) {
    return caller.Register(request, response);
  };
  CHECK(ReasonOfCall(registered(bob_n, f.Registration(id, *added, *f.old, at))) == Reason::kEnrollmentClosed);
  CHECK(FieldOf(registered(f.N(), f.Registration(id, *other, *f.old, at))) == "keys");
  CHECK(ReasonOfCall(registered(f.N(), f.Registration(second, *other, *f.old, at))) == Reason::kEnrollmentClosed);
  CHECK(ReasonOfCall(registered(f.N(), f.Registration(std::string(16, 'x'), *added, *f.old, at))) ==
        Reason::kEnrollmentClosed);
  CHECK(FieldOf(registered(f.N(), f.Registration(id, *added, *added, at))) == "log_entry.actor");
  CHECK(FieldOf(registered(f.N(), f.Registration("short", *added, *f.old, at))) == "enrollment_id");

  CHECK(ReasonOfCall(EnrollmentCaller(f.server.Channel(), "", "").Send(id, kRenew, 1, "")) == Reason::kTokenInvalid);
  CHECK(ReasonOfCall(EnrollmentCaller(f.server.Channel(), "", "").Watch()->End()) == Reason::kTokenInvalid);
  CHECK(ReasonOfCall(EnrollmentCaller(f.server.Channel(), f.token, "bad").Watch()->End()) == Reason::kTokenInvalid);
  CHECK(FieldOf(f.O().Watch(id)->End()) == "enrollment_id");
  CHECK(FieldOf(f.N().Watch()->End()) == "enrollment_id");
  CHECK(f.Register(id, *added).ok());  // control
}

TEST_CASE("Members learn of each other's consent, and only the one that gave it goes on") {
  Fixture f("members");
  const auto member = f.AddMember();
  const EnrollmentCaller other(f.server.Channel(), "", member->SignIn());
  auto added = f.NewDevice();
  const std::string id = f.N().MustOpen(added->keys());
  const auto theirs = other.Watch();
  CHECK(theirs->NextText() == "OPEN:nonce of 16 byte");
  REQUIRE(f.O().Send(id, kConsent, 0, "nO").ok());
  CHECK(theirs->NextText() == "CLOSED:");
  REQUIRE(f.N().Send(id, kStart, 1, "Ya").ok());
  CHECK(ReasonOfCall(other.Send(id, kConsent, 0, "nO")) == Reason::kEnrollmentClosed);
  CHECK(ReasonOfCall(other.Send(id, kAnswer, 1, "Yb")) == Reason::kEnrollmentClosed);
  CHECK(ReasonOfCall(other.Send(id, kCancel, 0, "")) == Reason::kEnrollmentClosed);
  REQUIRE(f.O().Send(id, kAnswer, 1, "Yb").ok());
  REQUIRE(f.N().Send(id, kConfirm, 1, "macN").ok());
  REQUIRE(f.O().Send(id, kGrant, 1, "bundle", f.RandomScalar()).ok());
  // Another member's signature is no word of the one that granted.
  v1::RegisterDeviceResponse response;
  const auto request = f.Registration(id, *added, *member, f.old->Log(f.session));
  CHECK(FieldOf(f.N().Register(request, response)) == "log_entry");
  CHECK(f.Register(id, *added).ok());
}

TEST_CASE("A repeat costs nothing, three guesses are all, and the third refusal ends it") {
  Fixture f("guesses");
  auto added = f.NewDevice();
  const std::string id = f.MustConsent(*added);
  const auto mine = f.N().Watch(id);
  CHECK(mine->NextText() == "CONSENT:nO");
  v1::SendEnrollmentMessageRequest start;
  start.set_enrollment_id(id);
  start.set_step(kStart);
  start.set_payload("Ya");
  v1::SendEnrollmentMessageResponse progress;
  for (uint32_t run = 1; run <= limits::kEnrollmentRuns; ++run) {
    start.set_run(run);
    for (int twice = 0; twice < 2; ++twice) {
      REQUIRE(f.N().Send(start, progress).ok());
      CHECK(progress.guesses_left() == limits::kEnrollmentRuns - run);
      CHECK(f.O().Send(id, kAnswer, run, "Yb").ok());
      CHECK(f.N().Send(id, kConfirm, run, "mac").ok());
    }
    CHECK(mine->NextText() == "ANSWER:Yb");
    if (run == limits::kEnrollmentRuns) break;
    CHECK(f.O().Send(id, kRefuse, run, "").ok());
    CHECK(mine->NextText() == "REFUSE:");
  }
  start.set_run(limits::kEnrollmentRuns + 1);
  CHECK(FieldOf(f.N().Send(start, progress)) == "run");
  CHECK(f.O().Send(id, kRefuse, limits::kEnrollmentRuns, "").ok());
  CHECK(ReasonOfCall(mine->End()) == Reason::kEnrollmentClosed);
  CHECK(ReasonOfCall(f.N().Send(start, progress)) == Reason::kEnrollmentClosed);
}

TEST_CASE("What doesn't fit a message is refused by name, and one enrolment takes 32") {
  Fixture f("fields");
  auto added = f.NewDevice();
  const std::string id = f.MustConsent(*added);
  const std::string full(limits::kEnrollmentPayloadBytes, 'x');
  CHECK(ReasonOfCall(f.N().Send(id, kStart, 1, full + "x")) == Reason::kLimitExceeded);
  CHECK(f.N().Send(id, kStart, 1, full).ok());
  CHECK(FieldOf(f.N().Send(id, kStart, 2, "")) == "payload");
  CHECK(FieldOf(f.N().Send("short", kStart, 2, "x")) == "enrollment_id");
  CHECK(FieldOf(f.N().Send(id, v1::ENROLLMENT_STEP_UNSPECIFIED, 2, "x")) == "step");
  CHECK(FieldOf(f.N().Send(id, static_cast<v1::EnrollmentStep>(99), 2, "x")) == "step");
  CHECK(FieldOf(f.N().Send(id, v1::ENROLLMENT_STEP_REGISTERED, 0, "x")) == "step");
  CHECK(FieldOf(f.N().Send(id, kAnswer, 1, "x")) == "step");
  CHECK(FieldOf(f.N().Send(id, kStart, 2, "x", std::string(32, '\1'))) == "evolve_token");
  CHECK(f.O().Send(id, kAnswer, 1, "Yb").ok());
  CHECK(f.N().Send(id, kConfirm, 1, "mac").ok());
  CHECK(FieldOf(f.O().Send(id, kGrant, 1, "bundle")) == "evolve_token");
  CHECK(FieldOf(f.O().Send(id, kGrant, 1, "bundle", "short")) == "evolve_token");
  CHECK(FieldOf(f.O().Send(id, kGrant, 1, "bundle", std::string(32, '\0'))) == "evolve_token");
  CHECK(FieldOf(f.O().Send(id, kGrant, 1, "bundle", std::string(32, '\xff'))) == "evolve_token");
  CHECK(f.O().Send(id, kGrant, 1, "bundle", f.RandomScalar()).ok());
  // OPEN, and the five so far.
  for (uint32_t held = 6; held < limits::kEnrollmentMessages; ++held) {
    REQUIRE(f.O().Send(id, kGrant, 1, "bundle " + std::to_string(held)).ok());
  }
  CHECK(ReasonOfCall(f.O().Send(id, kGrant, 1, "one more")) == Reason::kLimitExceeded);
  CHECK(f.Register(id, *added).ok());

  v1::OpenEnrollmentRequest open;
  v1::OpenEnrollmentResponse opened;
  testing::ToProto(added->keys(), *open.mutable_keys());
  open.set_nonce("short");
  CHECK(FieldOf(f.N().Open(open, opened)) == "nonce");
  open.set_nonce(std::string(16, 'n'));
  open.set_sealed_label(std::string(limits::kSealedLabelBytes + 1, 'x'));
  CHECK(ReasonOfCall(f.N().Open(open, opened)) == Reason::kLimitExceeded);
  open.clear_sealed_label();
  const EnrollmentCaller nobody(f.server.Channel(), f.server.Token("nobody"), "");
  CHECK(ReasonOfCall(nobody.Open(open, opened)) == Reason::kMailboxNotFound);
  open.mutable_keys()->set_sig_30(std::string(64, 's'));
  CHECK(FieldOf(f.N().Open(open, opened)) == "keys.sig_30");
}

TEST_CASE("Time ends an enrolment and whoever watches it, and five are opened in ten minutes") {
  Fixture f("time");
  auto added = f.NewDevice();
  const std::string id = f.MustGrant(*added);
  const auto members = f.O().Watch();
  CHECK(members->NextText() == "OPEN:nonce of 16 byte");
  CHECK(members->NextText() == "START:Ya");
  CHECK(members->NextText() == "CONFIRM:macN");
  const auto mine = f.N().Watch(id);
  for (const char* text : {"CONSENT:nO", "ANSWER:Yb", "GRANT:bundle"}) CHECK(mine->NextText() == text);
  f.clock.Advance(limits::kEnrollmentTtlMs);
  CHECK(ReasonOfCall(mine->End()) == Reason::kEnrollmentClosed);
  CHECK(members->NextText() == "CLOSED:");
  CHECK(ReasonOfCall(f.N().Send(id, kRenew, 1, "")) == Reason::kEnrollmentClosed);
  CHECK(ReasonOfCall(f.Register(id, *added)) == Reason::kEnrollmentClosed);

  for (uint32_t i = 1; i < limits::kEnrollmentsPerAccount; ++i) f.N().MustOpen(added->keys());
  v1::OpenEnrollmentRequest open;
  v1::OpenEnrollmentResponse opened;
  testing::ToProto(added->keys(), *open.mutable_keys());
  open.set_nonce(std::string(16, 'n'));
  CHECK(ReasonOfCall(f.N().Open(open, opened)) == Reason::kRateLimited);
  for (uint32_t i = 1; i < limits::kEnrollmentsPerAccount; ++i) CHECK(members->NextText() == "OPEN:nonce of 16 byte");
  f.clock.Advance(limits::kSessionTtlMs - limits::kEnrollmentTtlMs);
  while (const auto event = members->Next()) CHECK(event->step() == v1::ENROLLMENT_STEP_CLOSED);
  CHECK(ReasonOfCall(members->End()) == Reason::kTokenInvalid);
  CHECK(f.N().Open(open, opened).ok());
}

TEST_CASE("A removed member vouches for nobody any more: its enrolments and its watch end at once") {
  Fixture f("removed");
  const auto member = f.AddMember();
  const EnrollmentCaller theirs(f.server.Channel(), "", member->SignIn());
  auto added = f.NewDevice();
  const std::string id = f.N().MustOpen(added->keys());
  REQUIRE(theirs.Send(id, kConsent, 0, "nO").ok());
  REQUIRE(f.N().Send(id, kStart, 1, "Ya").ok());
  REQUIRE(theirs.Send(id, kAnswer, 1, "Yb").ok());
  REQUIRE(f.N().Send(id, kConfirm, 1, "mac").ok());
  REQUIRE(theirs.Send(id, kGrant, 1, "bundle", f.RandomScalar()).ok());
  const auto request = f.Registration(id, *added, *member, f.old->Log(f.session));
  const auto watch = theirs.Watch();
  for (const char* text : {"OPEN:nonce of 16 byte", "START:Ya", "CONFIRM:mac"}) CHECK(watch->NextText() == text);
  const auto mine = f.N().Watch(id);
  for (const char* text : {"CONSENT:nO", "ANSWER:Yb", "GRANT:bundle"}) CHECK(mine->NextText() == text);

  f.CutOff(*member);
  CHECK(ReasonOfCall(watch->End()) == Reason::kDeviceRevoked);
  CHECK(ReasonOfCall(mine->End()) == Reason::kEnrollmentClosed);
  CHECK(ReasonOfCall(theirs.Watch()->End()) == Reason::kDeviceRevoked);
  CHECK(ReasonOfCall(theirs.Send(id, kGrant, 1, "fresh")) == Reason::kDeviceRevoked);
  CHECK(ReasonOfCall(f.N().Send(id, kRenew, 1, "")) == Reason::kEnrollmentClosed);
  v1::RegisterDeviceResponse response;
  CHECK(ReasonOfCall(f.N().Register(request, response)) == Reason::kEnrollmentClosed);
}

TEST_CASE("A fourth stream ends the oldest, clients may leave, and a server that stops says so") {
  Fixture f("streams");
  auto added = f.NewDevice();
  const std::string id = f.N().MustOpen(added->keys());
  const auto oldest = f.O().Watch();
  CHECK(oldest->NextText() == "OPEN:nonce of 16 byte");
  std::vector<std::unique_ptr<testing::EnrollmentWatch>> more;
  for (uint32_t i = 0; i < limits::kStreamsPerCaller; ++i) {
    more.push_back(f.O().Watch());
    CHECK(more.back()->NextText() == "OPEN:nonce of 16 byte");
  }
  CHECK(ReasonOfCall(oldest->End()) == Reason::kRateLimited);
  more.erase(more.begin());
  const auto mine = f.N().Watch(id);
  REQUIRE(f.O().Send(id, kConsent, 0, "nO").ok());
  CHECK(mine->NextText() == "CONSENT:nO");

  const auto request = f.Registration(id, *added, *f.old, f.old->Log(f.session));
  std::thread stop([&] { f.server.Stop(); });
  CHECK(ReasonOfCall(mine->End()) == Reason::kDraining);
  for (const auto& watch : more) CHECK(ReasonOfCall(watch->End()) == Reason::kDraining);
  stop.join();
  // Nothing outlives a restart: the devices start again.
  f.server.Start();
  CHECK(ReasonOfCall(f.N().Send(id, kStart, 1, "Ya")) == Reason::kEnrollmentClosed);
  CHECK(ReasonOfCall(f.N().Watch(id)->End()) == Reason::kEnrollmentClosed);
  v1::RegisterDeviceResponse response;
  CHECK(ReasonOfCall(f.N().Register(request, response)) == Reason::kEnrollmentClosed);
}

}  // namespace
}  // namespace labyrinth::service
