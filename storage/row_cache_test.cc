// What the cache asks of the engine behind it, and that nothing old comes out of it. The contract itself is
// //tests/conformance/engine:row_cache_test's.
#include "storage/row_cache.h"

#include <catch2/catch.hpp>
#include <string>
#include <utility>
#include <vector>

#include "storage/memory/faulty_engine.h"
#include "storage/memory/memory_engine.h"

namespace labyrinth::storage {
namespace {

using Outcome = CommitResult::Outcome;

// Writes down which keys reads ask for.
class Recorder final : public Engine {
 public:
  explicit Recorder(Engine& base) : base_(base) {}
  void Read(ReadRequest request, ReadCallback done) override {
    asked.push_back(request.keys);
    base_.Read(std::move(request), std::move(done));
  }
  void Commit(CommitRequest request, CommitCallback done) override {
    base_.Commit(std::move(request), std::move(done));
  }
  void Due(int64_t now_ms, std::size_t limit, DueCallback done) override { base_.Due(now_ms, limit, std::move(done)); }
  void ListPartitions(std::string after, std::size_t limit, PartitionsCallback done) override {
    base_.ListPartitions(std::move(after), limit, std::move(done));
  }

  // Since the last time.
  std::vector<std::vector<std::string>> Asked() { return std::exchange(asked, {}); }

 private:
  Engine& base_;
  std::vector<std::vector<std::string>> asked;
};

using Keys = std::vector<std::string>;
using Values = std::vector<std::optional<std::string>>;

struct Fixture {
  MemoryEngine memory;
  FaultyEngine faults{memory};
  Recorder recorder{faults};
  // Keys that begin with h are hot.
  RowCache cache{recorder, [](std::string_view key) { return key.starts_with('h'); }, 16 * 20'000};

  Values Read(const std::string& partition, Keys keys) {
    ReadRequest request;
    request.partition = partition;
    request.keys = std::move(keys);
    absl::StatusOr<ReadResult> answer = absl::InternalError("not answered");
    cache.Read(std::move(request), [&](absl::StatusOr<ReadResult> result) { answer = std::move(result); });
    REQUIRE(answer.ok());
    position = answer->position;
    return answer->values;
  }
  // To where the partition stood at the last read, through the cache or beside it.
  Outcome Write(Engine& through, const std::string& partition, std::vector<storage::Write> writes, bool drop = false) {
    CommitRequest request;
    request.partition = partition;
    request.expect = position;
    request.writes = std::move(writes);
    request.drop = drop;
    Outcome outcome = Outcome::kFailed;
    through.Commit(std::move(request), [&](const CommitResult& result) { outcome = result.outcome; });
    return outcome;
  }

  Position position;
};

TEST_CASE("what was read once isn't asked for again, and cold rows are") {
  Fixture f;
  f.Read("p", {});
  REQUIRE(f.Write(f.cache, "p", {{"h1", "one"}, {"c1", "cold"}}) == Outcome::kCommitted);
  CHECK(f.Read("p", {"h1", "c1", "h2"}) == Values{"one", "cold", std::nullopt});
  f.recorder.Asked();
  CHECK(f.Read("p", {"c1", "h2", "h1", "c2"}) == Values{"cold", std::nullopt, "one", std::nullopt});
  CHECK(f.recorder.Asked() == std::vector<Keys>{{"c1", "c2"}});
  CHECK(f.Read("p", {"h1"}) == Values{"one"});
  CHECK(f.recorder.Asked() == std::vector<Keys>{{}});
  CHECK(f.Read("p", {"h1", "h3"}) == Values{"one", std::nullopt});
  CHECK(f.recorder.Asked() == std::vector<Keys>{{"h1", "h3"}});
}

TEST_CASE("commits through the cache leave it up to date") {
  Fixture f;
  f.Read("p", {"h1", "h2"});
  REQUIRE(f.Write(f.cache, "p", {{"h1", "one"}, {"h2", "two"}, {"c", "cold"}}) == Outcome::kCommitted);
  CHECK(f.Read("p", {"h1", "h2"}) == Values{"one", "two"});
  REQUIRE(f.Write(f.cache, "p", {{"h1", "anew"}, {"h2", std::nullopt}}) == Outcome::kCommitted);
  f.recorder.Asked();
  CHECK(f.Read("p", {"h1", "h2"}) == Values{"anew", std::nullopt});
  CHECK(f.recorder.Asked() == std::vector<Keys>{{}});
}

TEST_CASE("commits beside the cache are seen, and read once more") {
  Fixture f;
  f.Read("p", {"h1"});
  REQUIRE(f.Write(f.memory, "p", {{"h1", "beside"}}) == Outcome::kCommitted);
  f.recorder.Asked();
  CHECK(f.Read("p", {"h1"}) == Values{"beside"});
  CHECK(f.recorder.Asked() == std::vector<Keys>{{}, {"h1"}});
  // One through the cache on top of one beside it: what was remembered is older than both.
  REQUIRE(f.Write(f.memory, "p", {{"h1", "beside again"}}) == Outcome::kCommitted);
  ++f.position.revision;
  REQUIRE(f.Write(f.cache, "p", {{"h2", "through"}}) == Outcome::kCommitted);
  CHECK(f.Read("p", {"h1", "h2"}) == Values{"beside again", "through"});
  REQUIRE(f.Write(f.cache, "p", {{"h1", "beside"}}) == Outcome::kCommitted);
  f.position.revision = 0;
  CHECK(f.Write(f.cache, "p", {{"h1", "refused"}}) == Outcome::kConflict);
  CHECK(f.Read("p", {"h1"}) == Values{"beside"});
}

TEST_CASE("a partition that was dropped and made again has nothing of the old one") {
  Fixture f;
  f.Read("p", {"h1"});
  REQUIRE(f.Write(f.cache, "p", {{"h1", "old"}}) == Outcome::kCommitted);
  f.Read("p", {"h1"});
  REQUIRE(f.Write(f.cache, "p", {}, /*drop=*/true) == Outcome::kCommitted);
  CHECK(f.Read("p", {"h1"}) == Values{std::nullopt});
  REQUIRE(f.Write(f.cache, "p", {{"h2", "new"}}) == Outcome::kCommitted);
  CHECK(f.Read("p", {"h1", "h2"}) == Values{std::nullopt, "new"});
}

TEST_CASE("a commit of unknown outcome may have happened") {
  for (const CommitFault fault : {CommitFault::kUnknownLost, CommitFault::kUnknownApplied, CommitFault::kUnknownLate}) {
    Fixture f;
    f.Read("p", {"h1"});
    f.faults.ScriptCommits({fault});
    REQUIRE(f.Write(f.cache, "p", {{"h1", "perhaps"}}) == Outcome::kUnknown);
    const bool applied = fault == CommitFault::kUnknownApplied;
    CHECK(f.Read("p", {"h1"}) == (applied ? Values{"perhaps"} : Values{std::nullopt}));
    if (!f.faults.ApplyLate().has_value()) continue;
    CHECK(f.Read("p", {"h1"}) == Values{"perhaps"});
  }
}

TEST_CASE("a read that comes late doesn't bring back what it saw") {
  Fixture f;
  f.Read("p", {});
  REQUIRE(f.Write(f.cache, "p", {{"h1", "old"}}) == Outcome::kCommitted);
  f.faults.ScriptReads({ReadFault::kHoldReply});
  ReadRequest request;
  request.partition = "p";
  request.keys = {"h1"};
  bool answered = false;
  f.cache.Read(std::move(request), [&](const absl::StatusOr<ReadResult>& result) {
    answered = true;
    CHECK(result->values == Values{"old"});
  });
  f.Read("p", {"h1"});
  REQUIRE(f.Write(f.cache, "p", {{"h1", "new"}}) == Outcome::kCommitted);
  f.faults.Release();
  CHECK(answered);
  f.recorder.Asked();
  CHECK(f.Read("p", {"h1"}) == Values{"new"});
  CHECK(f.recorder.Asked() == std::vector<Keys>{{}});
}

TEST_CASE("it keeps to its room: large rows and the longest unused go") {
  Fixture f;
  f.Read("large", {"h1"});
  const std::string large(RowCache::kMaxRowBytes + 1, 'x');
  REQUIRE(f.Write(f.cache, "large", {{"h1", large}}) == Outcome::kCommitted);
  f.Read("large", {"h1"});
  f.recorder.Asked();
  CHECK(f.Read("large", {"h1"}) == Values{large});
  CHECK(f.recorder.Asked() == std::vector<Keys>{{"h1"}});

  // Each takes a fifth of a shard's room.
  constexpr int kPartitions = 1000;
  const std::string row(RowCache::kMaxRowBytes - 400, 'r');
  for (int i = 0; i < kPartitions; ++i) {
    f.Read(std::to_string(i), {});
    REQUIRE(f.Write(f.cache, std::to_string(i), {{"h1", row}}) == Outcome::kCommitted);
    f.Read(std::to_string(i), {"h1"});
  }
  f.recorder.Asked();
  int kept = 0;
  for (int i = kPartitions; i-- > 0;) {
    CHECK(f.Read(std::to_string(i), {"h1"}) == Values{row});
    kept += f.recorder.Asked() == std::vector<Keys>{{}} ? 1 : 0;
  }
  CHECK(kept >= 16);
  CHECK(kept <= 16 * 5);
}

}  // namespace
}  // namespace labyrinth::storage
