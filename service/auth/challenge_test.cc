#include "service/auth/challenge.h"

#include <catch2/catch.hpp>

#include "common/errors.h"
#include "common/limits.h"
#include "crypto/primitives/seeded_random.h"
#include "storage/memory/memory_engine.h"

namespace labyrinth::service {
namespace {

constexpr DeviceId kDevice{42};

struct Node {
  explicit Node(uint64_t seed, const std::string& server_name = "chat.test") : random(seed) {
    keys = std::make_unique<ServerKeys>(
        *ServerKeys::LoadOrCreate(engine, random, {.server_name = "chat.test", .development = false}));
    challenges = std::make_unique<Challenges>(keys->challenge(), server_name, clock, random);
  }
  storage::MemoryEngine engine;
  crypto::SeededRandom random;
  ManualClock clock{1'000'000};
  std::unique_ptr<ServerKeys> keys;
  std::unique_ptr<Challenges> challenges;
};

bool Refused(const absl::Status& status) { return ReasonOf(status) == Reason::kProofInvalid; }

TEST_CASE("A challenge is good for its account and device, once, for thirty seconds") {
  Node node(1);
  const Challenge challenge = node.challenges->Issue("alice", kDevice);
  CHECK(challenge.bytes.size() == 61);
  CHECK(challenge.expire_ms == node.clock.NowMs() + 30'000);
  CHECK(node.challenges->Issue("alice", kDevice).bytes != challenge.bytes);
  CHECK(node.challenges->Check(challenge.bytes, "alice", kDevice).ok());
  CHECK(node.challenges->Check(challenge.bytes, "alice", kDevice).ok());  // checking doesn't use it up
  CHECK(Refused(node.challenges->Check(challenge.bytes, "alicf", kDevice)));
  CHECK(Refused(node.challenges->Check(challenge.bytes, "alice", DeviceId(43))));
  CHECK(node.challenges->Use(challenge.bytes).ok());
  CHECK(Refused(node.challenges->Check(challenge.bytes, "alice", kDevice)));
  CHECK(Refused(node.challenges->Use(challenge.bytes)));
}

TEST_CASE("Any change of a challenge is refused") {
  Node node(2);
  const std::string good = node.challenges->Issue("alice", kDevice).bytes;
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] ^= 1;
    CHECK(Refused(node.challenges->Check(bad, "alice", kDevice)));
  }
  CHECK(Refused(node.challenges->Check(good.substr(0, 60), "alice", kDevice)));
  CHECK(Refused(node.challenges->Check(good + '\0', "alice", kDevice)));
  CHECK(Refused(node.challenges->Check("", "alice", kDevice)));
  CHECK(node.challenges->Check(good, "alice", kDevice).ok());  // control
}

TEST_CASE("Account and device can't be shifted into each other") {
  Node node(3);
  const std::string challenge = node.challenges->Issue("alice1", DeviceId(2)).bytes;
  CHECK(Refused(node.challenges->Check(challenge, "alice", DeviceId(12))));
}

TEST_CASE("Another store's and another server name's challenges are refused") {
  Node node(4), stranger(5);
  CHECK(Refused(node.challenges->Check(stranger.challenges->Issue("alice", kDevice).bytes, "alice", kDevice)));
  const Challenges renamed(node.keys->challenge(), "talk.test", node.clock, node.random);
  CHECK(Refused(node.challenges->Check(renamed.Issue("alice", kDevice).bytes, "alice", kDevice)));
  const Challenges second_node(node.keys->challenge(), "chat.test", node.clock, node.random);
  CHECK(node.challenges->Check(second_node.Issue("alice", kDevice).bytes, "alice", kDevice).ok());  // control
}

TEST_CASE("A challenge expires to the millisecond, and stays used when the clock steps back") {
  Node node(6);
  const std::string first = node.challenges->Issue("alice", kDevice).bytes;
  REQUIRE(node.challenges->Use(first).ok());
  node.clock.Advance(29'999);
  const std::string second = node.challenges->Issue("alice", kDevice).bytes;
  const std::string unused = node.challenges->Issue("alice", kDevice).bytes;
  CHECK(Refused(node.challenges->Check(first, "alice", kDevice)));
  node.clock.Advance(1);
  REQUIRE(node.challenges->Use(second).ok());  // forgets the first, which has expired
  node.clock.Advance(-30'000);
  CHECK(Refused(node.challenges->Check(first, "alice", kDevice)));
  CHECK(Refused(node.challenges->Use(first)));
  CHECK(node.challenges->Check(unused, "alice", kDevice).ok());
  node.clock.Advance(60'000);
  CHECK(Refused(node.challenges->Check(unused, "alice", kDevice)));
}

TEST_CASE("A full memory refuses sign-ins until something expires, and never forgets early") {
  Node node(7);
  const std::string oldest = node.challenges->Issue("alice", kDevice).bytes;
  REQUIRE(node.challenges->Use(oldest).ok());
  node.clock.Advance(1);
  for (uint32_t i = 1; i < limits::kUsedChallenges; ++i) {
    if (!node.challenges->Use(node.challenges->Issue("alice", kDevice).bytes).ok()) FAIL("refused too early");
  }
  const std::string one_more = node.challenges->Issue("alice", kDevice).bytes;
  CHECK(ReasonOf(node.challenges->Use(one_more)) == Reason::kRateLimited);
  CHECK(Refused(node.challenges->Check(oldest, "alice", kDevice)));
  node.clock.Advance(29'999);  // the oldest expires, the others don't
  CHECK(node.challenges->Use(one_more).ok());
}

}  // namespace
}  // namespace labyrinth::service
