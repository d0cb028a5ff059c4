#include "service/auth/session.h"

#include <catch2/catch.hpp>

#include "common/errors.h"
#include "common/limits.h"
#include "crypto/primitives/seeded_random.h"
#include "storage/memory/memory_engine.h"

namespace labyrinth::service {
namespace {

constexpr int64_t kNowMs = 1'700'000'000'000;

struct Node {
  explicit Node(uint64_t seed)
      : random(seed),
        keys(*ServerKeys::LoadOrCreate(engine, random, {.server_name = "chat.test", .development = false})),
        sessions(keys, clock) {}
  std::string Issue(int64_t token_expire_ms = kNowMs + 3'600'000) {
    AccountClaims account;
    account.account_id = "alice";
    account.auth_time_ms = kNowMs - 5;
    account.expire_ms = token_expire_ms;
    claims = {.partition = keys.AccountPartition("alice"),
              .incarnation = 3,
              .device_id = DeviceId(42),
              .kind = crypto::SubjectKind::kVirtual,
              .auth_time_ms = std::nullopt,
              .expire_ms = 0};
    return sessions.Issue(claims, account);
  }
  storage::MemoryEngine engine;
  crypto::SeededRandom random;
  ManualClock clock{kNowMs};
  ServerKeys keys;
  Sessions sessions;
  SessionClaims claims;
};

bool Refused(const absl::StatusOr<SessionClaims>& claims) { return ReasonOf(claims.status()) == Reason::kTokenInvalid; }

TEST_CASE("A session says what it was issued for") {
  Node node(1);
  const std::string token = node.Issue();
  CHECK(token.size() == 110);
  const auto claims = node.sessions.Verify(token);
  REQUIRE(claims.ok());
  CHECK(claims->partition == node.keys.AccountPartition("alice"));
  CHECK(claims->incarnation == 3);
  CHECK(claims->device_id == DeviceId(42));
  CHECK(claims->kind == crypto::SubjectKind::kVirtual);
  CHECK(claims->auth_time_ms == kNowMs - 5);
  CHECK(claims->expire_ms == kNowMs + limits::kSessionTtlMs);
  CHECK(node.claims.expire_ms == claims->expire_ms);
}

TEST_CASE("A session ends after fifteen minutes, or with the account token") {
  Node node(2);
  const std::string full = node.Issue();
  const std::string cut = node.Issue(kNowMs + 1000);
  node.clock.Advance(999);
  CHECK(node.sessions.Verify(cut).ok());
  node.clock.Advance(1);
  CHECK(Refused(node.sessions.Verify(cut)));
  node.clock.Set(kNowMs + limits::kSessionTtlMs - 1);
  CHECK(node.sessions.Verify(full).ok());
  node.clock.Advance(1);
  CHECK(Refused(node.sessions.Verify(full)));
}

TEST_CASE("A clock that is set back keeps no session alive") {
  Node node(7);
  const std::string token = node.Issue();
  for (const int64_t back_ms : {int64_t{1}, limits::kSessionTtlMs}) {
    node.clock.Set(kNowMs - back_ms);
    CHECK(node.sessions.Verify(token).ok());  // clocks differ by that much
  }
  for (const int64_t back_ms : {limits::kSessionTtlMs + 1, int64_t{3'600'000}, int64_t{365 * 24} * 3'600'000}) {
    node.clock.Set(kNowMs - back_ms);
    CHECK(Refused(node.sessions.Verify(token)));
  }
}

TEST_CASE("Any change of a session is refused") {
  Node node(3);
  const std::string good = node.Issue();
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] ^= 1;
    CHECK(Refused(node.sessions.Verify(bad)));
  }
  CHECK(Refused(node.sessions.Verify(good.substr(1))));
  CHECK(Refused(node.sessions.Verify(good + '\0')));
  CHECK(Refused(node.sessions.Verify("")));
  CHECK(node.sessions.Verify(good).ok());  // control
}

TEST_CASE("Another store's session, and a challenge, are no session") {
  Node node(4), stranger(5);
  CHECK(Refused(node.sessions.Verify(stranger.Issue())));
  const Sessions second_node(node.keys, node.clock);
  CHECK(second_node.Verify(node.Issue()).ok());  // control: any node that shares the keys
}

TEST_CASE("A restored store ends every session") {
  // The same root at the next generation, as a restore leaves it.
  const auto record = [](char generation) {
    return std::string("\1\0\0\0\0\0\0\0\0", 9) + generation + std::string(32, 'r') + std::string("\0\0\0\x09", 4) +
           "chat.test";
  };
  const auto keys_at = [&](char generation) {
    storage::MemoryEngine engine;
    storage::CommitRequest commit;
    commit.partition = ServerKeys::kPartition;
    commit.writes = {{"identity", record(generation)}};
    engine.Commit(std::move(commit), [](storage::CommitResult) {});
    crypto::SeededRandom random(6);
    return *ServerKeys::LoadOrCreate(engine, random, {.server_name = "chat.test", .development = false});
  };
  const ManualClock clock(kNowMs);
  const ServerKeys before = keys_at(1), after = keys_at(2);
  SessionClaims claims;
  claims.partition = before.AccountPartition("alice");
  AccountClaims account;
  account.expire_ms = kNowMs + 1000;
  const std::string token = Sessions(before, clock).Issue(claims, account);
  CHECK(Sessions(before, clock).Verify(token).ok());  // control
  const auto refused = Sessions(after, clock).Verify(token);
  CHECK(ReasonOf(refused.status()) == Reason::kStoreRestored);
  CHECK(DetailsOf(refused.status()).at("generation") == "2");
  CHECK(DetailsOf(refused.status()).at("of") == "session");
  // What was made later than this store knows of isn't from before.
  const std::string later = Sessions(after, clock).Issue(claims, account);
  CHECK(Refused(Sessions(before, clock).Verify(later)));
}

}  // namespace
}  // namespace labyrinth::service
