// One-time codes: who may say what to whom.
#include <catch2/catch.hpp>

#include "common/limits.h"
#include "tests/conformance/api/scene.h"

namespace labyrinth::conformance {
namespace {

using namespace service::testing;  // the steps

TEST_CASE("Two devices meet, each hears the other, and the new one is a member that signs in") {
  Scene f;
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
  Scene f;
  auto first = f.NewDevice(), second = f.NewDevice();
  const std::string one = f.MustGrant(*first), two = f.MustGrant(*second);
  const LogPosition before = f.Log();
  REQUIRE(f.Register(one, *first).ok());

  v1::RegisterDeviceResponse response;
  CHECK(ReasonOfCall(f.N().Register(f.Registration(two, *second, *f.old, before), response)) == Reason::kLogStale);
  const auto mine = f.N().Watch(two);
  for (const char* text : {"CONSENT:nO", "ANSWER:Yb", "GRANT:bundle"}) CHECK(mine->NextText() == text);
  CHECK(f.N().Send(two, kRenew, 1, "").ok());
  CHECK(FieldOf(f.O().Send(two, kGrant, 1, "fresh", f.RandomScalar())) == "evolve_token");
  CHECK(f.O().Send(two, kGrant, 1, "fresh").ok());
  CHECK(mine->NextText() == "GRANT:fresh");

  const auto request = f.Registration(two, *second, *f.old, f.Log());
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
  Scene f;
  const Scene bob;
  auto added = f.NewDevice(), other = f.NewDevice();
  const std::string id = f.MustGrant(*added);
  const std::string second = f.MustConsent(*other);
  for (const EnrollmentCaller& caller : {bob.N(), bob.O()}) {
    for (const auto step : {kConsent, kStart, kAnswer, kConfirm, kGrant, kRefuse, kRenew, kCancel}) {
      CHECK(ReasonOfCall(caller.Send(id, step, 1, "x")) == Reason::kEnrollmentClosed);
    }
  }
  CHECK(ReasonOfCall(bob.N().Watch(id)->End()) == Reason::kEnrollmentClosed);
  const LogPosition at = f.Log();
  v1::RegisterDeviceResponse response;
  const auto registered = [&](const EnrollmentCaller& caller, const v1::RegisterDeviceRequest& request) {
    return caller.Register(request, response);
  };
  CHECK(ReasonOfCall(registered(bob.N(), f.Registration(id, *added, *f.old, at))) == Reason::kEnrollmentClosed);
  CHECK(FieldOf(registered(f.N(), f.Registration(id, *other, *f.old, at))) == "keys");
  CHECK(ReasonOfCall(registered(f.N(), f.Registration(second, *other, *f.old, at))) == Reason::kEnrollmentClosed);
  CHECK(ReasonOfCall(registered(f.N(), f.Registration(std::string(16, 'x'), *added, *f.old, at))) ==
        Reason::kEnrollmentClosed);
  CHECK(FieldOf(registered(f.N(), f.Registration(id, *added, *added, at))) == "log_entry.actor");
  CHECK(FieldOf(registered(f.N(), f.Registration("short", *added, *f.old, at))) == "enrollment_id");

  const auto channel = f.api.Channel();
  CHECK(ReasonOfCall(EnrollmentCaller(channel, "", "").Send(id, kRenew, 1, "")) == Reason::kTokenInvalid);
  CHECK(ReasonOfCall(EnrollmentCaller(channel, f.token, "bad").Watch()->End()) == Reason::kTokenInvalid);
  CHECK(FieldOf(f.O().Watch(id)->End()) == "enrollment_id");
  CHECK(FieldOf(f.N().Watch()->End()) == "enrollment_id");
  CHECK(f.Register(id, *added).ok());  // control
}

TEST_CASE("A code is guessed at three times, and five enrolments are opened in ten minutes") {
  Scene f;
  auto added = f.NewDevice();
  const std::string id = f.MustConsent(*added);
  v1::SendEnrollmentMessageRequest start;
  start.set_enrollment_id(id);
  start.set_step(kStart);
  start.set_payload("Ya");
  v1::SendEnrollmentMessageResponse progress;
  for (uint32_t run = 1; run <= limits::kEnrollmentRuns; ++run) {
    start.set_run(run);
    for (int twice = 0; twice < 2; ++twice) {  // a repeat costs nothing
      REQUIRE(f.N().Send(start, progress).ok());
      CHECK(progress.guesses_left() == limits::kEnrollmentRuns - run);
    }
    CHECK(f.O().Send(id, kAnswer, run, "Yb").ok());
    CHECK(f.N().Send(id, kConfirm, run, "mac").ok());
    CHECK(f.O().Send(id, kRefuse, run, "").ok());
  }
  start.set_run(limits::kEnrollmentRuns + 1);
  CHECK(ReasonOfCall(f.N().Send(start, progress)) == Reason::kEnrollmentClosed);

  for (uint32_t i = 1; i < limits::kEnrollmentsPerAccount; ++i) f.N().MustOpen(added->keys());
  v1::OpenEnrollmentRequest open;
  v1::OpenEnrollmentResponse opened;
  ToProto(added->keys(), *open.mutable_keys());
  open.set_nonce(std::string(16, 'n'));
  const grpc::Status sixth = f.N().Open(open, opened);
  CHECK(ReasonOfCall(sixth) == Reason::kRateLimited);
  CHECK(std::stoll(DetailOf(sixth, "retry_after_ms")) > 0);
}

}  // namespace
}  // namespace labyrinth::conformance
