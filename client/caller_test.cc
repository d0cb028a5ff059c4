#include "client/caller.h"

#include <catch2/catch.hpp>
#include <vector>

#include "client/testing/test_client.h"
#include "common/errors.h"
#include "common/rpc_status.h"

namespace labyrinth::client {
namespace {

// Answers with the given statuses in turn, the last one for ever.
class Script {
 public:
  explicit Script(std::vector<absl::Status> answers) : answers_(std::move(answers)) {}
  grpc::Status operator()(grpc::ClientContext&) {
    const std::size_t at = std::min(calls++, answers_.size() - 1);
    return ToGrpc(answers_[at]);
  }
  std::size_t calls = 0;

 private:
  std::vector<absl::Status> answers_;
};

struct Fixture {
  ManualClock clock{0};
  testing::ManualSleeper sleeper{clock};
  crypto::SeededRandom random{7};
  RetryPolicy policy;

  absl::Status Run(Script& script) { return Caller(policy, sleeper, random).Run(std::ref(script)); }
};

TEST_CASE("A call that works is made once") {
  Fixture f;
  Script script({absl::OkStatus()});
  CHECK(f.Run(script).ok());
  CHECK(script.calls == 1);
  CHECK(f.sleeper.slept_ms.empty());
}

TEST_CASE("An open outcome is asked again until it is known") {
  for (const absl::Status& open : {errors::OutcomeUnknown(), errors::Draining(),
                                   absl::UnavailableError("no connection"), absl::DeadlineExceededError("late")}) {
    Fixture f;
    Script script({open, open, absl::OkStatus()});
    CHECK(f.Run(script).ok());
    CHECK(script.calls == 3);
    CHECK(f.sleeper.slept_ms.size() == 2);
    CHECK(OutcomeIsOpen(open));
  }
}

TEST_CASE("Retries are bounded, and pauses grow up to their bound with jitter") {
  Fixture f;
  f.policy.max_attempts = 9;
  Script script({errors::OutcomeUnknown()});
  CHECK(ReasonOf(f.Run(script)) == Reason::kOutcomeUnknown);
  CHECK(script.calls == 9);
  REQUIRE(f.sleeper.slept_ms.size() == 8);
  int64_t full_ms = f.policy.initial_backoff_ms;
  for (const int64_t slept_ms : f.sleeper.slept_ms) {
    CHECK(slept_ms <= full_ms);
    CHECK(slept_ms >= full_ms / 2);
    full_ms = std::min(full_ms * 2, f.policy.max_backoff_ms);
  }
}

TEST_CASE("Decisions of the server are final") {
  for (const absl::Status& decided :
       {errors::DeviceRevoked(), errors::MailboxExists(), errors::LogStale(1, "h"), errors::RotationRequired(),
        errors::TokenInvalid("x"), errors::DataDamaged("x"), absl::InternalError("x"), absl::CancelledError("x")}) {
    Fixture f;
    Script script({decided});
    CHECK(f.Run(script).code() == decided.code());
    CHECK(script.calls == 1);
  }
}

TEST_CASE("A rate limit is waited for, unless it asks for too long") {
  Fixture f;
  Script soon({errors::RateLimited("saves", 3'000), absl::OkStatus()});
  CHECK(f.Run(soon).ok());
  REQUIRE(f.sleeper.slept_ms.size() == 1);
  CHECK(f.sleeper.slept_ms[0] == 3'000);
  Script late({errors::RateLimited("saves", f.policy.max_backoff_ms + 1), absl::OkStatus()});
  CHECK(ReasonOf(f.Run(late)) == Reason::kRateLimited);
  CHECK(late.calls == 1);
}

TEST_CASE("Every attempt has a deadline") {
  Fixture f;
  const auto before = std::chrono::system_clock::now();
  std::chrono::system_clock::time_point deadline;
  const auto attempt = [&](grpc::ClientContext& context) {
    deadline = context.deadline();
    return grpc::Status::OK;
  };
  REQUIRE(Caller(f.policy, f.sleeper, f.random).Run(attempt).ok());
  CHECK(deadline >= before + std::chrono::milliseconds(f.policy.attempt_timeout_ms));
  CHECK(deadline < before + std::chrono::milliseconds(2 * f.policy.attempt_timeout_ms));
}

}  // namespace
}  // namespace labyrinth::client
