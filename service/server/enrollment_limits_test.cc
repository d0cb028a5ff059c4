// One-time codes over the wire: guesses, sizes, time, streams (protocol section 4).
#include <grpcpp/grpcpp.h>

#include <catch2/catch.hpp>
#include <memory>
#include <thread>
#include <vector>

#include "common/errors.h"
#include "common/limits.h"
#include "service/handlers/stream.h"
#include "service/server/testing/enrollment_fixture.h"

namespace labyrinth::service::testing {
namespace {

constexpr int64_t kWriteMs = Stream<v1::WatchEnrollmentsResponse>::kWriteMs;

TEST_CASE("A repeat costs nothing, three guesses are all, and the third refusal ends it") {
  EnrollmentFixture f("guesses");
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
  EnrollmentFixture f("fields");
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
  ToProto(added->keys(), *open.mutable_keys());
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
  EnrollmentFixture f("time");
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
  ToProto(added->keys(), *open.mutable_keys());
  open.set_nonce(std::string(16, 'n'));
  CHECK(ReasonOfCall(f.N().Open(open, opened)) == Reason::kRateLimited);
  for (uint32_t i = 1; i < limits::kEnrollmentsPerAccount; ++i) CHECK(members->NextText() == "OPEN:nonce of 16 byte");
  f.clock.Advance(limits::kSessionTtlMs - limits::kEnrollmentTtlMs);
  while (const auto event = members->Next()) CHECK(event->step() == v1::ENROLLMENT_STEP_CLOSED);
  CHECK(ReasonOfCall(members->End()) == Reason::kTokenInvalid);
  CHECK(f.N().Open(open, opened).ok());
}

TEST_CASE("A fourth stream ends the oldest, clients may leave, and a server that stops says so") {
  EnrollmentFixture f("streams");
  auto added = f.NewDevice();
  const std::string id = f.N().MustOpen(added->keys());
  const auto oldest = f.O().Watch();
  CHECK(oldest->NextText() == "OPEN:nonce of 16 byte");
  std::vector<std::unique_ptr<EnrollmentWatch>> more;
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

TEST_CASE("Who watches and takes nothing is let go after a minute, and the others don't wait for it") {
  EnrollmentFixture f("stuck");
  auto added = f.NewDevice();
  const auto members = f.O().Watch();
  // The server's ticks are seen by what they end: the third of these ends after a whole tick.
  for (int i = 0; i < 3; ++i) {
    f.N().MustOpen(added->keys());
    CHECK(members->NextText() == "OPEN:nonce of 16 byte");
    f.clock.Advance(1000);
  }
  f.clock.Advance(limits::kEnrollmentWaitMs - 3000 - kWriteMs);
  const std::string id = f.MustGrant(*added);
  for (const char* text : {"OPEN:nonce of 16 byte", "START:Ya", "CONFIRM:macN"}) CHECK(members->NextText() == text);

  grpc::ChannelArguments narrow;  // hardly anything gets through to a client that doesn't read
  narrow.SetInt(GRPC_ARG_HTTP2_STREAM_LOOKAHEAD_BYTES, 1024);
  narrow.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  const auto channel = grpc::CreateCustomChannel(f.server.endpoint(), grpc::InsecureChannelCredentials(), narrow);
  const auto stuck = EnrollmentCaller(channel, f.token, "").Watch(id), reading = f.N().Watch(id);
  // Both are there and were served, so that the one is stuck with a large message by the time the other has them all.
  for (auto* watch : {stuck.get(), reading.get()}) {
    for (const char* text : {"CONSENT:nO", "ANSWER:Yb", "GRANT:bundle"}) CHECK(watch->NextText() == text);
  }
  for (uint32_t held = 6; held < limits::kEnrollmentMessages; ++held) {
    const std::string payload(limits::kEnrollmentPayloadBytes, static_cast<char>(held));
    REQUIRE(f.O().Send(id, kGrant, 1, payload).ok());
    CHECK(reading->NextText() == "GRANT:" + payload);
  }
  f.clock.Advance(kWriteMs);
  for (int i = 0; i < 3; ++i) {
    CHECK(members->NextText() == "CLOSED:");
    f.clock.Advance(1000);
  }
  uint32_t taken = 0;
  while (stuck->Next().has_value()) ++taken;
  CHECK(taken < limits::kEnrollmentMessages - 3);
  CHECK(stuck->EndUnread().error_code() == grpc::StatusCode::CANCELLED);
  CHECK(f.Register(id, *added).ok());
  CHECK(reading->End().ok());
}

}  // namespace
}  // namespace labyrinth::service::testing
