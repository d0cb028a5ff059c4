// Two devices meet over the relay; time, guesses, bounds and ends.
#include "service/enrollment/relay.h"

#include <catch2/catch.hpp>
#include <utility>

#include "common/errors.h"
#include "common/limits.h"
#include "crypto/primitives/ristretto.h"
#include "crypto/primitives/seeded_random.h"
#include "crypto/statements/log_testing.h"

namespace labyrinth::enrollment {
namespace {

constexpr int64_t kStartMs = 1'700'000'000'000;
const std::string kMailbox = "partition";

struct Fixture {
  Fixture() { keys = crypto::MakeTestDevice(crypto::SubjectKind::kPhysical, random).keys; }

  absl::StatusOr<Opened> Open(const std::string& partition = kMailbox) {
    return relay.Open(partition, keys, nonce, "label");
  }
  EnrollmentId MustOpen(const std::string& partition = kMailbox) {
    const auto opened = Open(partition);
    REQUIRE(opened.ok());
    return opened->id;
  }
  crypto::OrfServerState Scalar() { return crypto::OrfServerState::Generate(random); }
  // By the new device.
  absl::StatusOr<Progress> N(const EnrollmentId& id, Step step, uint32_t run, std::string payload) {
    return relay.Send(kMailbox, id, std::nullopt, {step, run, std::move(payload), {}});
  }
  // By a member.
  absl::StatusOr<Progress> M(const mailbox::Caller& who, const EnrollmentId& id, Step step, uint32_t run,
                             std::string payload, bool scalar = false) {
    Message message{step, run, std::move(payload), {}};
    if (scalar) message.temporary = Scalar();
    return relay.Send(kMailbox, id, who, std::move(message));
  }
  absl::StatusOr<Progress> O(const EnrollmentId& id, Step step, uint32_t run, std::string payload,
                             bool scalar = false) {
    return M(old, id, step, run, std::move(payload), scalar);
  }
  EnrollmentId MustConsent() {
    const EnrollmentId id = MustOpen();
    REQUIRE(O(id, Step::kConsent, 0, "nO").ok());
    return id;
  }
  // Up to the grant.
  EnrollmentId MustGrant() {
    const EnrollmentId id = MustConsent();
    REQUIRE(N(id, Step::kStart, 1, "Ya").ok());
    REQUIRE(O(id, Step::kAnswer, 1, "Yb").ok());
    REQUIRE(N(id, Step::kConfirm, 1, "macN").ok());
    REQUIRE(O(id, Step::kGrant, 1, "bundle", true).ok());
    return id;
  }
  // What the new device reads from the start, as step:payload.
  std::string ReadN(const EnrollmentId& id) {
    std::string out;
    for (uint32_t after = 0;;) {
      const auto view = relay.NextForNewDevice(kMailbox, id, after);
      if (!view.ok()) return out + "!";
      if (!view->has_value()) return out + "registered";
      if (!(*view)->event.has_value()) return out;
      after = (*view)->event->sequence;
      out += (*view)->event->payload + " ";
    }
  }
  // What a member's stream reads next, to the end.
  std::string ReadM(const mailbox::Caller& who, MemberCursor& cursor) {
    std::string out;
    while (const auto next = relay.NextForMember(who, cursor)) {
      const Step step = next->event.step;
      if (step == Step::kRegistered) out += "registered ";
      if (step == Step::kClosed) out += "closed ";
      if (step == Step::kOpen) out += "open ";
      if (step != Step::kOpen && step != Step::kRegistered && step != Step::kClosed) out += next->event.payload + " ";
    }
    return out;
  }

  crypto::SeededRandom random{1};
  ManualClock clock{kStartMs};
  std::vector<std::string> changes;
  Relay relay{clock, random, [this](const std::string& partition, bool) { changes.push_back(partition); }};
  crypto::DevicePublicKeys keys;
  Nonce nonce = *Nonce::From("0123456789abcdef");
  mailbox::Caller old{kMailbox, 1, DeviceId(7)};
  mailbox::Caller other{kMailbox, 1, DeviceId(8)};
};

template <typename Result>
std::optional<Reason> ReasonIn(const absl::StatusOr<Result>& result) {
  return ReasonOf(result.status());
}

template <typename Result>
std::string FieldIn(const absl::StatusOr<Result>& result) {
  const auto details = DetailsOf(result.status());
  const auto field = details.find("field");
  return field == details.end() ? "(none)" : field->second;
}

TEST_CASE("a whole enrolment: each side reads what the other said, early or late") {
  Fixture f;
  const bool watch_first = GENERATE(true, false);
  MemberCursor cursor;
  std::string seen;
  const auto look = [&] {
    if (watch_first) seen += f.ReadM(f.old, cursor);
  };
  const EnrollmentId id = f.MustOpen();
  look();
  CHECK(f.O(id, Step::kConsent, 0, "nO")->guesses_left == 3);
  look();
  CHECK(f.N(id, Step::kStart, 1, "Ya")->guesses_left == 2);
  look();
  CHECK(f.O(id, Step::kAnswer, 1, "Yb").ok());
  CHECK(f.N(id, Step::kConfirm, 1, "macN").ok());
  CHECK(f.O(id, Step::kGrant, 1, "bundle", true)->guesses_left == 2);
  CHECK(f.ReadN(id) == "nO Yb bundle ");
  seen += f.ReadM(f.old, cursor);
  CHECK(seen == "open Ya macN ");
  f.relay.Registered(kMailbox, id);
  CHECK(f.ReadN(id) == "registered");
  CHECK(f.ReadM(f.old, cursor) == "registered ");
  CHECK(f.ReadM(f.old, cursor).empty());
  MemberCursor reconnected;
  CHECK(f.ReadM(f.old, reconnected) == "registered ");
  CHECK(f.relay.held_bytes() == 0);
  CHECK(f.changes == std::vector<std::string>(7, kMailbox));
}

TEST_CASE("the request shows members what the new device opened with") {
  Fixture f;
  const EnrollmentId id = f.MustOpen();
  MemberCursor cursor;
  const auto next = f.relay.NextForMember(f.old, cursor);
  REQUIRE(next.has_value());
  CHECK(next->id == id);
  CHECK(next->event.sequence == 1);
  CHECK(next->event.payload == f.nonce.view());
  CHECK(next->event.keys == f.keys);
  CHECK(next->event.sealed_label == "label");
  CHECK(next->event.expire_ms == kStartMs + limits::kEnrollmentWaitMs);
}

TEST_CASE("a consent makes the enrolment one member's: the others see it end, and nothing of what is said") {
  Fixture f;
  MemberCursor told, late;
  const EnrollmentId id = f.MustOpen();
  CHECK(f.ReadM(f.other, told) == "open ");
  REQUIRE(f.O(id, Step::kConsent, 0, "nO").ok());
  REQUIRE(f.N(id, Step::kStart, 1, "Ya").ok());
  CHECK(f.ReadM(f.other, told) == "closed ");
  CHECK(f.ReadM(f.other, late).empty());
  for (const Step step : {Step::kConsent, Step::kAnswer, Step::kGrant, Step::kRefuse, Step::kCancel}) {
    CHECK(ReasonIn(f.M(f.other, id, step, 1, "nO")) == Reason::kEnrollmentClosed);
  }
  CHECK(f.relay.MemberOf(kMailbox, id)->value().device_id == f.old.device_id);
  CHECK(f.O(id, Step::kAnswer, 1, "Yb").ok());  // control
}

TEST_CASE("three guesses, counted as they come in; the third refusal ends it") {
  Fixture f;
  const EnrollmentId id = f.MustConsent();
  for (uint32_t run = 1; run <= 3; ++run) {
    CHECK(FieldIn(f.N(id, Step::kStart, run + 1, "Ya")) == "run");
    CHECK(f.N(id, Step::kStart, run, "Ya")->guesses_left == 3 - run);
    CHECK(f.O(id, Step::kAnswer, run, "Yb").ok());
    CHECK(f.N(id, Step::kConfirm, run, "mac").ok());
    if (run < 3) CHECK(f.O(id, Step::kRefuse, run, "").ok());
  }
  CHECK(FieldIn(f.N(id, Step::kStart, 4, "Ya")) == "run");
  CHECK(f.O(id, Step::kRefuse, 3, "").ok());
  CHECK(f.ReadN(id) == "!");
  CHECK(ReasonIn(f.N(id, Step::kStart, 3, "Ya")) == Reason::kEnrollmentClosed);
}

TEST_CASE("a run that the new device breaks off is a guess as well") {
  Fixture f;
  const EnrollmentId id = f.MustConsent();
  CHECK(f.N(id, Step::kStart, 1, "Ya").ok());
  CHECK(f.N(id, Step::kStart, 2, "Ya").ok());
  CHECK(FieldIn(f.O(id, Step::kAnswer, 1, "Yb")) == "run");
  CHECK(f.O(id, Step::kAnswer, 2, "Yb").ok());
  CHECK(f.N(id, Step::kStart, 3, "Ya")->guesses_left == 0);
  CHECK_FALSE(f.N(id, Step::kStart, 4, "Ya").ok());
}

TEST_CASE("a repeat is answered like the first and is told to nobody twice") {
  Fixture f;
  const EnrollmentId id = f.MustConsent();
  REQUIRE(f.N(id, Step::kStart, 1, "Ya").ok());
  REQUIRE(f.O(id, Step::kAnswer, 1, "Yb").ok());
  CHECK(f.O(id, Step::kConsent, 0, "nO").ok());
  CHECK(f.N(id, Step::kStart, 1, "Ya")->guesses_left == 2);
  CHECK(f.O(id, Step::kAnswer, 1, "Yb").ok());
  CHECK(FieldIn(f.N(id, Step::kStart, 1, "Yz")) == "run");
  CHECK(FieldIn(f.O(id, Step::kAnswer, 1, "Yz")) == "step");
  MemberCursor cursor;
  CHECK(f.ReadM(f.old, cursor) == "open Ya ");
  CHECK(f.ReadN(id) == "nO Yb ");
}

TEST_CASE("each step has its side, its time and its fields") {
  Fixture f;
  const EnrollmentId id = f.MustOpen();
  CHECK(FieldIn(f.N(id, Step::kStart, 1, "Ya")) == "step");
  CHECK(FieldIn(f.O(id, Step::kAnswer, 1, "Yb")) == "step");
  CHECK(FieldIn(f.N(id, Step::kConsent, 0, "nO")) == "step");
  CHECK(FieldIn(f.O(id, Step::kConsent, 1, "nO")) == "run");
  CHECK(FieldIn(f.O(id, Step::kConsent, 0, "")) == "payload");
  CHECK(FieldIn(f.O(id, Step::kConsent, 0, "nO", true)) == "evolve_token");
  REQUIRE(f.O(id, Step::kConsent, 0, "nO").ok());
  CHECK(FieldIn(f.O(id, Step::kConsent, 0, "other")) == "step");
  CHECK(FieldIn(f.N(id, Step::kStart, 0, "Ya")) == "run");
  CHECK(FieldIn(f.O(id, Step::kAnswer, 0, "Yb")) == "run");
  CHECK(FieldIn(f.O(id, Step::kRefuse, 0, "")) == "run");
  REQUIRE(f.N(id, Step::kStart, 1, "Ya").ok());
  CHECK(FieldIn(f.O(id, Step::kStart, 2, "Ya")) == "step");
  CHECK(FieldIn(f.N(id, Step::kAnswer, 1, "Yb")) == "step");
  CHECK(FieldIn(f.N(id, Step::kConfirm, 1, "mac")) == "step");
  CHECK(FieldIn(f.O(id, Step::kGrant, 1, "bundle", true)) == "step");
  CHECK(FieldIn(f.O(id, Step::kOpen, 1, "x")) == "step");
  CHECK(FieldIn(f.O(id, Step::kRegistered, 1, "x")) == "step");
  CHECK(FieldIn(f.N(id, Step::kRenew, 1, "")) == "step");
  REQUIRE(f.O(id, Step::kAnswer, 1, "Yb").ok());
  REQUIRE(f.N(id, Step::kConfirm, 1, "mac").ok());
  CHECK(FieldIn(f.O(id, Step::kGrant, 1, "bundle")) == "evolve_token");
  CHECK(FieldIn(f.O(id, Step::kGrant, 1, "", true)) == "payload");
  CHECK(FieldIn(f.N(id, Step::kCancel, 0, "x")) == "payload");
  CHECK(FieldIn(f.N(id, Step::kCancel, 1, "")) == "run");
  CHECK(f.O(id, Step::kGrant, 1, "bundle", true).ok());
  CHECK(FieldIn(f.N(id, Step::kStart, 2, "Ya")) == "step");
  CHECK(FieldIn(f.O(id, Step::kRefuse, 1, "")) == "step");
}

TEST_CASE("a grant is renewed as often as the log moves, on the same temporary scalar") {
  Fixture f;
  const EnrollmentId id = f.MustGrant();
  const std::string scalar(f.relay.GrantOf(kMailbox, id, f.keys)->temporary.bytes().RevealSecret());
  MemberCursor cursor;
  CHECK(f.ReadM(f.old, cursor) == "open Ya macN ");
  CHECK(f.N(id, Step::kRenew, 1, "").ok());
  CHECK(f.N(id, Step::kRenew, 1, "").ok());  // a repeat
  CHECK(f.ReadM(f.old, cursor) == " ");
  CHECK(FieldIn(f.O(id, Step::kGrant, 1, "bundle 2", true)) == "evolve_token");
  CHECK(f.O(id, Step::kGrant, 1, "bundle 2").ok());
  CHECK(f.N(id, Step::kRenew, 1, "").ok());  // another
  CHECK(f.ReadM(f.old, cursor) == " ");
  CHECK(f.O(id, Step::kGrant, 1, "bundle 3").ok());
  CHECK(f.ReadN(id) == "nO Yb bundle bundle 2 bundle 3 ");
  const auto grant = f.relay.GrantOf(kMailbox, id, f.keys);
  CHECK(grant->temporary.bytes().RevealSecret() == scalar);
  CHECK(grant->member.device_id == f.old.device_id);
}

TEST_CASE("only a granted enrolment registers, and only the keys that opened it") {
  Fixture f;
  const EnrollmentId waiting = f.MustConsent();
  CHECK(ReasonIn(f.relay.GrantOf(kMailbox, waiting, f.keys)) == Reason::kEnrollmentClosed);
  const EnrollmentId id = f.MustGrant();
  const auto stranger = crypto::MakeTestDevice(crypto::SubjectKind::kPhysical, f.random).keys;
  CHECK(FieldIn(f.relay.GrantOf(kMailbox, id, stranger)) == "keys");
  CHECK(ReasonIn(f.relay.GrantOf("elsewhere", id, f.keys)) == Reason::kEnrollmentClosed);
  CHECK(f.relay.GrantOf(kMailbox, id, f.keys).ok());
  f.relay.Registered(kMailbox, id);
  CHECK(ReasonIn(f.relay.GrantOf(kMailbox, id, f.keys)) == Reason::kEnrollmentClosed);
  CHECK(ReasonIn(f.N(id, Step::kRenew, 1, "")) == Reason::kEnrollmentClosed);
}

TEST_CASE("time ends it: five minutes to a consent, five from there on, and no clock step prolongs it") {
  Fixture f;
  const EnrollmentId ignored = f.MustOpen();
  f.clock.Advance(limits::kEnrollmentWaitMs - 1);
  const EnrollmentId id = f.MustOpen();
  CHECK(f.O(id, Step::kConsent, 0, "nO")->expire_ms == f.clock.NowMs() + limits::kEnrollmentTtlMs);
  MemberCursor cursor;
  CHECK(f.ReadM(f.old, cursor) == "open open ");
  f.clock.Advance(1);
  CHECK(ReasonIn(f.O(ignored, Step::kConsent, 0, "nO")) == Reason::kEnrollmentClosed);
  CHECK(f.ReadM(f.old, cursor) == "closed ");
  f.clock.Advance(limits::kEnrollmentTtlMs - 2);
  CHECK(f.N(id, Step::kStart, 1, "Ya").ok());
  f.changes.clear();
  f.clock.Advance(1);
  f.relay.Sweep();
  CHECK(f.changes.size() == 1);
  f.clock.Advance(-limits::kEnrollmentTtlMs);
  CHECK(ReasonIn(f.O(id, Step::kAnswer, 1, "Yb")) == Reason::kEnrollmentClosed);
  CHECK(f.ReadN(id) == "!");
  CHECK(f.ReadM(f.old, cursor) == "closed ");  // and nothing of what was still to be told
  CHECK(f.relay.held_bytes() == 0);
}

TEST_CASE("a registration that was under way when time ran out still counts") {
  Fixture f;
  const EnrollmentId id = f.MustGrant();
  f.clock.Advance(limits::kEnrollmentTtlMs);
  CHECK(ReasonIn(f.relay.GrantOf(kMailbox, id, f.keys)) == Reason::kEnrollmentClosed);
  f.relay.Registered(kMailbox, id);
  CHECK(f.ReadN(id) == "registered");
}

TEST_CASE("either side cancels; a member may before it consents") {
  Fixture f;
  const int who = GENERATE(0, 1, 2);
  const EnrollmentId id = who == 2 ? f.MustOpen() : f.MustConsent();
  const bool by_member = who != 0;
  CHECK((by_member ? f.O(id, Step::kCancel, 0, "") : f.N(id, Step::kCancel, 0, "")).ok());
  CHECK(f.ReadN(id) == "!");
  CHECK(ReasonIn(f.N(id, Step::kCancel, 0, "")) == Reason::kEnrollmentClosed);
}

TEST_CASE("a removed member's enrolments end, others go on; a deleted mailbox's all end") {
  Fixture f;
  const EnrollmentId granted = f.MustGrant(), open = f.MustOpen();
  f.relay.MemberRemoved(kMailbox, f.other.device_id);
  CHECK(f.relay.GrantOf(kMailbox, granted, f.keys).ok());
  f.relay.MemberRemoved(kMailbox, f.old.device_id);
  CHECK(ReasonIn(f.relay.GrantOf(kMailbox, granted, f.keys)) == Reason::kEnrollmentClosed);
  CHECK(f.relay.MemberOf(kMailbox, open).ok());
  f.relay.MailboxDeleted(kMailbox);
  CHECK(ReasonIn(f.relay.MemberOf(kMailbox, open)) == Reason::kEnrollmentClosed);
}

TEST_CASE("five enrolments of one account in ten minutes, ended ones included") {
  Fixture f;
  for (uint32_t i = 0; i < limits::kEnrollmentsPerAccount; ++i) {
    CHECK(f.N(f.MustOpen(), Step::kCancel, 0, "").ok());
    f.clock.Advance(1000);
  }
  const auto refused = f.Open();
  CHECK(ReasonIn(refused) == Reason::kRateLimited);
  CHECK(DetailsOf(refused.status())["retry_after_ms"] == std::to_string(limits::kEnrollmentWindowMs - 5000));
  CHECK(f.Open("another").ok());
  f.clock.Advance(limits::kEnrollmentWindowMs - 5000);
  CHECK(f.Open().ok());
  CHECK(ReasonIn(f.Open()) == Reason::kRateLimited);
}

TEST_CASE("one node holds so many enrolments, and forgets old ones") {
  Fixture f;
  for (uint32_t i = 0; i < limits::kEnrollments; ++i) REQUIRE(f.Open(std::to_string(i)).ok());
  CHECK(ReasonIn(f.Open()) == Reason::kRateLimited);
  f.clock.Advance(limits::kEnrollmentWindowMs);
  f.relay.Sweep();
  CHECK(f.relay.held_bytes() == 0);
  CHECK(f.Open().ok());
}

TEST_CASE("messages of one enrolment are bounded, and what all hold together") {
  Fixture f;
  const EnrollmentId id = f.MustGrant();  // six held
  for (uint32_t i = 6; i < limits::kEnrollmentMessages; ++i) {
    REQUIRE(f.O(id, Step::kGrant, 1, "bundle " + std::to_string(i)).ok());
  }
  const auto refused = f.O(id, Step::kGrant, 1, "one more");
  CHECK(ReasonIn(refused) == Reason::kLimitExceeded);
  CHECK(DetailsOf(refused.status())["limit"] == "enrollment_messages");
  CHECK(f.O(id, Step::kCancel, 0, "").ok());

  const EnrollmentId large = f.MustOpen();
  const auto full = f.O(large, Step::kConsent, 0, std::string(limits::kEnrollmentBytes, 'x'));
  CHECK(ReasonIn(full) == Reason::kRateLimited);
  CHECK(f.O(large, Step::kConsent, 0, "nO").ok());
}

TEST_CASE("after a restart nothing is known, and the answer is as for anything that ended") {
  Fixture f;
  const EnrollmentId id = f.MustGrant();
  Relay restarted(f.clock, f.random, [](const std::string&, bool) {});
  const auto send = restarted.Send(kMailbox, id, std::nullopt, {Step::kRenew, 1, "", {}});
  CHECK(ReasonIn(send) == Reason::kEnrollmentClosed);
  CHECK(ReasonIn(restarted.NextForNewDevice(kMailbox, id, 0)) == Reason::kEnrollmentClosed);
  CHECK(ReasonIn(restarted.GrantOf(kMailbox, id, f.keys)) == Reason::kEnrollmentClosed);
  REQUIRE(f.O(id, Step::kCancel, 0, "").ok());
  CHECK(f.N(id, Step::kRenew, 1, "").status() == send.status());
}

}  // namespace
}  // namespace labyrinth::enrollment
