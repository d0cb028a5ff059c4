// Promises 4, 6 and 8: whole or not at all, on the position expected, by the deadline.
#include <catch2/catch.hpp>

#include "common/errors.h"
#include "tests/conformance/engine/calls.h"
#include "tests/conformance/engine/under_test.h"

namespace labyrinth::storage {
namespace {

using Outcome = CommitResult::Outcome;

TEST_CASE("each commit raises the revision by one") {
  const auto test = MakeEngineUnderTest();
  Position position;
  for (int i = 1; i <= 5; ++i) {
    position = MustCommit(test->engine(), Puts("p", position, {{"a", std::to_string(i)}, {"b", "x"}}));
    CHECK(position == Position{1, static_cast<uint64_t>(i)});
    const ReadResult read = MustRead(test->engine(), Gets("p", {"a"}));
    CHECK(read.position == position);
    CHECK(read.values[0] == std::to_string(i));
  }
}

TEST_CASE("a commit on another position is a conflict, says the right one, and does nothing") {
  const auto test = MakeEngineUnderTest();
  MustCommit(test->engine(), Puts("p", {1, 0}, {{"a", "1"}}));
  MustCommit(test->engine(), Puts("p", {1, 1}, {{"a", "2"}}));
  for (const Position wrong : {Position{1, 0}, Position{1, 1}, Position{1, 3}, Position{2, 2}, Position{2, 0}}) {
    CommitRequest request = Puts("p", wrong, {{"a", "wrong"}, {"b", "wrong"}});
    request.wake_at_ms = 1;
    const CommitResult result = CommitNow(test->engine(), request);
    CHECK(result.outcome == Outcome::kConflict);
    CHECK(result.position == Position{1, 2});
    CHECK(CommitNow(test->engine(), Drop("p", wrong)).outcome == Outcome::kConflict);
  }
  const ReadResult read = MustRead(test->engine(), Gets("p", {"a", "b"}));
  CHECK(read.position == Position{1, 2});
  CHECK(read.values[0] == "2");
  CHECK_FALSE(read.values[1].has_value());
  CHECK(DueNow(test->engine(), 1)->empty());
}

TEST_CASE("the same commit again is a conflict: the answer to an unknown outcome") {
  const auto test = MakeEngineUnderTest();
  const CommitRequest request = Puts("p", {1, 0}, {{"tag", "mine"}});
  MustCommit(test->engine(), request);
  const CommitResult again = CommitNow(test->engine(), request);
  CHECK(again.outcome == Outcome::kConflict);
  CHECK(again.position == Position{1, 1});
  CHECK(MustRead(test->engine(), Gets("p", {"tag"})).values[0] == "mine");
}

TEST_CASE("a deleted row is gone; deleting an absent one is fine") {
  const auto test = MakeEngineUnderTest();
  MustCommit(test->engine(), Puts("p", {1, 0}, {{"a", "1"}, {"b", "2"}, {"c", "3"}}));
  MustCommit(test->engine(), Deletes("p", {1, 1}, {"b", "never"}));
  ReadRequest request = Gets("p", {"b", "never"});
  request.scans = {Range("a", "z"), Range("a", "z", Direction::kBackward)};
  const ReadResult read = MustRead(test->engine(), request);
  CHECK_FALSE(read.values[0].has_value());
  CHECK_FALSE(read.values[1].has_value());
  CHECK(KeysOf(read.pages[0]) == "a c");
  CHECK(KeysOf(read.pages[1]) == "c a");
  MustCommit(test->engine(), Puts("p", {1, 2}, {{"b", "again"}}));
  CHECK(MustRead(test->engine(), Gets("p", {"b"})).values[0] == "again");
}

TEST_CASE("a dropped partition is empty in its next incarnation, for ever remembered") {
  const auto test = MakeEngineUnderTest();
  std::vector<KeyValue> rows;
  for (int i = 0; i < 300; ++i) rows.push_back({std::to_string(i), "old"});
  MustCommit(test->engine(), Puts("p", {1, 0}, rows));
  MustCommit(test->engine(), Puts("q", {1, 0}, {{"k", "other"}}));
  CHECK(MustCommit(test->engine(), Drop("p", {1, 1})) == Position{2, 0});
  test->Reopen();

  ReadRequest request = Gets("p", {"0", "299"});
  request.scans = {Range("", "z"), Range("", "z", Direction::kBackward)};
  const ReadResult read = MustRead(test->engine(), request);
  CHECK(read.position == Position{2, 0});
  CHECK_FALSE(read.values[0].has_value());
  CHECK(read.pages[0].items.empty());
  CHECK(read.pages[1].items.empty());
  CHECK(CommitNow(test->engine(), Puts("p", {1, 1}, {{"k", "late"}})).outcome == Outcome::kConflict);
  CHECK(CommitNow(test->engine(), Puts("p", {1, 0}, {{"k", "late"}})).position == Position{2, 0});

  MustCommit(test->engine(), Puts("p", {2, 0}, {{"7", "new"}}));
  CHECK(KeysOf(MustRead(test->engine(), Scans("p", {Range("", "z")})).pages[0]) == "7");
  CHECK(MustCommit(test->engine(), Drop("p", {2, 1})) == Position{3, 0});
  CHECK(MustCommit(test->engine(), Drop("p", {3, 0})) == Position{4, 0});  // an empty one too
  CHECK(MustCommit(test->engine(), Drop("never", {1, 0})) == Position{2, 0});
  CHECK(MustRead(test->engine(), Gets("q", {"k"})).values[0] == "other");
}

TEST_CASE("the longest names, keys, values and commits are taken, one more is refused") {
  const auto test = MakeEngineUnderTest();
  const std::string name(kMaxPartitionNameBytes, 'n');
  const std::string key(kMaxKeyBytes, 'k');
  const std::string value(kMaxValueBytes, 'v');
  MustCommit(test->engine(), Puts(name, {1, 0}, {{key, value}}));
  CHECK(MustRead(test->engine(), Gets(name, {key})).values[0] == value);

  std::vector<KeyValue> rows;
  for (char c = 'a'; c < 'a' + 15; ++c) rows.push_back({std::string(1, c), value});
  rows.push_back({"z", std::string(kMaxValueBytes - 16, 'z')});
  MustCommit(test->engine(), Puts("p", {1, 0}, rows));
  CHECK(MustRead(test->engine(), Scans("p", {Range("a", "zz")})).pages[0].items.size() == 16);

  rows.back().value += "z";
  for (const CommitRequest& request :
       {Puts("p", {1, 1}, rows), Puts(name + "n", {1, 0}, {{"k", "v"}}), Puts("p", {1, 1}, {{key + "k", "v"}}),
        Puts("p", {1, 1}, {{"k", value + "v"}})}) {
    const CommitResult result = CommitNow(test->engine(), request);
    CHECK(result.outcome == Outcome::kFailed);
    CHECK(result.error.code() == absl::StatusCode::kInvalidArgument);
  }
  CHECK(PositionOf(test->engine(), "p") == Position{1, 1});
}

TEST_CASE("an empty value is refused, and the rest of its commit with it") {
  const auto test = MakeEngineUnderTest();
  const CommitResult result = CommitNow(test->engine(), Puts("p", {1, 0}, {{"a", "1"}, {"b", ""}}));
  CHECK(result.outcome == Outcome::kFailed);
  CHECK(result.error.code() == absl::StatusCode::kInvalidArgument);
  const ReadResult read = MustRead(test->engine(), Gets("p", {"a"}));
  CHECK(read.position == Position{1, 0});
  CHECK_FALSE(read.values[0].has_value());
}

TEST_CASE("a commit without writes, with a key twice, or a drop with writes is refused") {
  const auto test = MakeEngineUnderTest();
  CommitRequest drop = Drop("p", {1, 0});
  drop.writes.push_back({"k", "v"});
  for (const CommitRequest& request : {Puts("p", {1, 0}, {}), Puts("p", {1, 0}, {{"a", "1"}, {"a", "2"}}), drop}) {
    const CommitResult result = CommitNow(test->engine(), request);
    CHECK(result.outcome == Outcome::kFailed);
    CHECK(result.error.code() == absl::StatusCode::kInvalidArgument);
  }
  CHECK(PositionOf(test->engine(), "p") == Position{1, 0});
}

TEST_CASE("a commit past its deadline fails and has not happened") {
  const auto test = MakeEngineUnderTest();
  CommitRequest request = Puts("p", {1, 0}, {{"a", "1"}});
  request.deadline = absl::InfinitePast();
  const CommitResult result = CommitNow(test->engine(), request);
  CHECK(result.outcome == Outcome::kFailed);
  CHECK(ReasonOf(result.error) == Reason::kEngineUnavailable);
  CHECK(PositionOf(test->engine(), "p") == Position{1, 0});
  request.deadline = absl::Now() + absl::Hours(1);
  MustCommit(test->engine(), request);
}

}  // namespace
}  // namespace labyrinth::storage
