#include "storage/memory/faulty_engine.h"

#include <catch2/catch.hpp>

#include "common/errors.h"
#include "storage/memory/memory_engine.h"

namespace labyrinth::storage {
namespace {

using Outcome = CommitResult::Outcome;

CommitRequest Save(uint64_t revision, std::string value) {
  CommitRequest request;
  request.partition = "p";
  request.expect = {1, revision};
  request.writes = {{"k", std::move(value)}};
  return request;
}

ReadRequest Load() {
  ReadRequest request;
  request.partition = "p";
  request.keys = {"k"};
  return request;
}

// What the base holds, whatever the decorator says.
std::string Stored(Engine& base) {
  std::string value;
  base.Read(Load(), [&](absl::StatusOr<ReadResult> result) { value = result->values[0].value_or(""); });
  return value;
}

std::optional<Outcome> Try(Engine& engine, CommitRequest request) {
  std::optional<Outcome> outcome;
  engine.Commit(std::move(request), [&](CommitResult result) { outcome = result.outcome; });
  return outcome;
}

TEST_CASE("a scripted commit fault says what it did, and the script ends") {
  MemoryEngine base;
  FaultyEngine faulty(base);
  faulty.ScriptCommits({CommitFault::kFail, CommitFault::kUnknownLost, CommitFault::kUnknownApplied});
  CHECK(Try(faulty, Save(0, "a")) == Outcome::kFailed);
  CHECK(Stored(base).empty());
  CHECK(Try(faulty, Save(0, "a")) == Outcome::kUnknown);
  CHECK(Stored(base).empty());
  CHECK(Try(faulty, Save(0, "a")) == Outcome::kUnknown);
  CHECK(Stored(base) == "a");
  CHECK(Try(faulty, Save(0, "a")) == Outcome::kConflict);
  CHECK(Try(faulty, Save(1, "b")) == Outcome::kCommitted);
  CHECK(faulty.commits_seen() == 5);
}

TEST_CASE("a late commit happens when told, or loses to another") {
  MemoryEngine base;
  FaultyEngine faulty(base);
  faulty.ScriptCommits({CommitFault::kUnknownLate, CommitFault::kUnknownLate});
  CHECK(Try(faulty, Save(0, "late")) == Outcome::kUnknown);
  CHECK(Try(faulty, Save(0, "later")) == Outcome::kUnknown);
  CHECK(Stored(base).empty());
  CHECK(faulty.ApplyLate() == Outcome::kCommitted);
  CHECK(Stored(base) == "late");
  CHECK(faulty.ApplyLate() == Outcome::kConflict);
  CHECK_FALSE(faulty.ApplyLate().has_value());
}

TEST_CASE("a held request has not happened, a held reply has") {
  MemoryEngine base;
  FaultyEngine faulty(base);
  faulty.ScriptCommits({CommitFault::kHoldRequest, CommitFault::kHoldReply});
  std::optional<Outcome> request, reply;
  faulty.Commit(Save(0, "request"), [&](CommitResult result) { request = result.outcome; });
  CHECK(Stored(base).empty());
  faulty.Commit(Save(0, "reply"), [&](CommitResult result) { reply = result.outcome; });
  CHECK(Stored(base) == "reply");
  CHECK(faulty.held() == 2);
  CHECK_FALSE(request.has_value());
  CHECK(faulty.Release(1) == 1);
  CHECK(request == Outcome::kConflict);
  CHECK_FALSE(reply.has_value());
  CHECK(faulty.Release() == 1);
  CHECK(reply == Outcome::kCommitted);
}

TEST_CASE("reads and due fail, are damaged or are held") {
  MemoryEngine base;
  FaultyEngine faulty(base);
  CHECK(Try(faulty, Save(0, "a")) == Outcome::kCommitted);
  faulty.ScriptReads(
      {ReadFault::kFail, ReadFault::kDamaged, ReadFault::kHoldRequest, ReadFault::kHoldReply, ReadFault::kFail});
  std::vector<absl::StatusOr<ReadResult>> results;
  const auto keep = [&](absl::StatusOr<ReadResult> result) { results.push_back(std::move(result)); };
  for (int i = 0; i < 4; ++i) faulty.Read(Load(), keep);
  REQUIRE(results.size() == 2);
  CHECK(ReasonOf(results[0].status()) == Reason::kEngineUnavailable);
  CHECK(ReasonOf(results[1].status()) == Reason::kDataDamaged);
  CHECK(Try(faulty, Save(1, "b")) == Outcome::kCommitted);
  faulty.Release();
  REQUIRE(results.size() == 4);
  CHECK(results[2]->values[0] == "b");
  CHECK(results[3]->values[0] == "a");
  faulty.Due(0, 1, [](auto due) { CHECK(ReasonOf(due.status()) == Reason::kEngineUnavailable); });
  faulty.ScriptReads({ReadFault::kDamaged});
  faulty.ListPartitions("", 1, [](auto listed) { CHECK(ReasonOf(listed.status()) == Reason::kDataDamaged); });
}

TEST_CASE("destruction answers whatever is held") {
  MemoryEngine base;
  std::vector<Outcome> outcomes;
  absl::Status read;
  {
    FaultyEngine faulty(base);
    faulty.ScriptCommits({CommitFault::kHoldRequest, CommitFault::kHoldReply});
    faulty.ScriptReads({ReadFault::kHoldRequest});
    for (int i = 0; i < 2; ++i) {
      faulty.Commit(Save(0, "a"), [&](CommitResult result) { outcomes.push_back(result.outcome); });
    }
    faulty.Read(Load(), [&](absl::StatusOr<ReadResult> result) { read = result.status(); });
  }
  CHECK(outcomes == std::vector<Outcome>{Outcome::kUnknown, Outcome::kUnknown});
  CHECK(ReasonOf(read) == Reason::kEngineUnavailable);
}

TEST_CASE("random faults replay by seed") {
  const auto run = [](uint64_t seed) {
    MemoryEngine base;
    FaultyEngine faulty(base);
    faulty.Randomize(seed, {.fail = 200, .unknown_lost = 100, .unknown_applied = 100, .unknown_late = 100});
    std::vector<Outcome> outcomes;
    for (int i = 0; i < 200; ++i) outcomes.push_back(*Try(faulty, Save(0, "a")));
    return outcomes;
  };
  CHECK(run(7) == run(7));
  CHECK(run(7) != run(8));
  const std::vector<Outcome> outcomes = run(7);
  for (const Outcome outcome : {Outcome::kFailed, Outcome::kUnknown, Outcome::kConflict}) {
    CHECK(std::count(outcomes.begin(), outcomes.end(), outcome) > 10);
  }
}

}  // namespace
}  // namespace labyrinth::storage
