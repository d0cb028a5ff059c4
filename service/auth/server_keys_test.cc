#include "service/auth/server_keys.h"

#include <catch2/catch.hpp>
#include <set>

#include "common/errors.h"
#include "crypto/primitives/seeded_random.h"
#include "storage/memory/faulty_engine.h"
#include "storage/memory/memory_engine.h"

namespace labyrinth::service {
namespace {

using storage::CommitFault;

const ServerIdentity kProduction{.server_name = "chat.test", .development = false};

TEST_CASE("Every start of one store has the same keys, another store others") {
  storage::MemoryEngine engine, other_engine;
  crypto::SeededRandom random(1);
  const auto first = ServerKeys::LoadOrCreate(engine, random, kProduction);
  const auto second = ServerKeys::LoadOrCreate(engine, random, kProduction);
  const auto other = ServerKeys::LoadOrCreate(other_engine, random, kProduction);
  REQUIRE(first.ok());
  REQUIRE(second.ok());
  REQUIRE(other.ok());
  CHECK(first->AccountPartition("alice") == second->AccountPartition("alice"));
  CHECK(first->session().id == second->session().id);
  CHECK(first->session().key.RevealSecret() == second->session().key.RevealSecret());
  CHECK(first->generation() == 1);
  CHECK(first->AccountPartition("alice") != other->AccountPartition("alice"));
  CHECK(first->AccountPartition("alice") != first->AccountPartition("bob"));
  CHECK(first->AccountPartition("alice").size() == 32);
}

TEST_CASE("Each purpose has a key of its own, and the label kept here is no other's") {
  storage::MemoryEngine engine;
  crypto::SeededRandom random(2);
  const auto keys = ServerKeys::LoadOrCreate(engine, random, kProduction);
  REQUIRE(keys.ok());
  const std::set<std::string> distinct = {
      std::string(keys->challenge().key.RevealSecret()), std::string(keys->session().key.RevealSecret()),
      std::string(keys->page_token().RevealSecret()), std::string(keys->ticket().RevealSecret()),
      std::string(keys->pseudonym().RevealSecret())};
  CHECK(distinct.size() == 5);
}

TEST_CASE("A store is served by what made it alone") {
  storage::MemoryEngine production, development;
  crypto::SeededRandom random(3);
  const ServerIdentity dev{.server_name = "chat.test", .development = true};
  const ServerIdentity renamed{.server_name = "talk.test", .development = false};
  REQUIRE(ServerKeys::LoadOrCreate(production, random, kProduction).ok());
  REQUIRE(ServerKeys::LoadOrCreate(development, random, dev).ok());
  CHECK(absl::IsFailedPrecondition(ServerKeys::LoadOrCreate(production, random, dev).status()));
  CHECK(absl::IsFailedPrecondition(ServerKeys::LoadOrCreate(development, random, kProduction).status()));
  CHECK(absl::IsFailedPrecondition(ServerKeys::LoadOrCreate(production, random, renamed).status()));
  CHECK(ServerKeys::LoadOrCreate(production, random, kProduction).ok());  // controls
  CHECK(ServerKeys::LoadOrCreate(development, random, dev).ok());
}

TEST_CASE("Two starters that race agree") {
  storage::MemoryEngine base;
  storage::FaultyEngine slow(base);
  crypto::SeededRandom random(4);
  // The first reader sees an empty store and its commit is on its way when the second starts and finishes.
  slow.ScriptCommits({CommitFault::kUnknownLate});
  slow.ScriptReads({storage::ReadFault::kNone, storage::ReadFault::kFail});
  CHECK_FALSE(ServerKeys::LoadOrCreate(slow, random, kProduction).ok());
  const auto second = ServerKeys::LoadOrCreate(base, random, kProduction);
  REQUIRE(second.ok());
  CHECK(slow.ApplyLate() == storage::CommitResult::Outcome::kConflict);
  const auto first = ServerKeys::LoadOrCreate(slow, random, kProduction);
  REQUIRE(first.ok());
  CHECK(first->AccountPartition("alice") == second->AccountPartition("alice"));
}

TEST_CASE("A commit of unknown outcome is settled, whichever way it went") {
  for (const CommitFault fault : {CommitFault::kUnknownLost, CommitFault::kUnknownApplied}) {
    storage::MemoryEngine base;
    storage::FaultyEngine engine(base);
    crypto::SeededRandom random(5);
    engine.ScriptCommits({fault});
    const auto keys = ServerKeys::LoadOrCreate(engine, random, kProduction);
    const auto again = ServerKeys::LoadOrCreate(base, random, kProduction);
    REQUIRE(keys.ok());
    REQUIRE(again.ok());
    CHECK(keys->AccountPartition("alice") == again->AccountPartition("alice"));
  }
}

TEST_CASE("An engine that fails, and a record that can't be read, stop the start") {
  storage::MemoryEngine base;
  storage::FaultyEngine engine(base);
  crypto::SeededRandom random(6);
  engine.ScriptCommits({CommitFault::kFail});
  CHECK_FALSE(ServerKeys::LoadOrCreate(engine, random, kProduction).ok());

  const auto start_on = [&](std::string record) {
    storage::MemoryEngine store;
    storage::CommitRequest commit;
    commit.partition = ServerKeys::kPartition;
    commit.writes = {{"identity", std::move(record)}};
    store.Commit(std::move(commit), [](storage::CommitResult) {});
    return ServerKeys::LoadOrCreate(store, random, kProduction).status();
  };
  const std::string good =
      std::string("\1\0\0\0\0\0\0\0\0\1", 10) + std::string(32, 'r') + std::string("\0\0\0\x09", 4) + "chat.test";
  CHECK(start_on(good).ok());  // control
  CHECK(ReasonOf(start_on(good.substr(0, 40))) == Reason::kDataDamaged);
  CHECK(ReasonOf(start_on(good + "x")) == Reason::kDataDamaged);
  CHECK(ReasonOf(start_on("\1\2" + good.substr(2))) == Reason::kDataDamaged);
  const std::string restored = "\2" + good.substr(1);
  CHECK(start_on(restored + std::string(32, 's')).ok());
  CHECK(ReasonOf(start_on(restored)) == Reason::kDataDamaged);
  const absl::Status newer = start_on("\3" + good.substr(1));
  CHECK(absl::IsFailedPrecondition(newer));
  CHECK(std::string(newer.message()).find("newer") != std::string::npos);
}

}  // namespace
}  // namespace labyrinth::service
