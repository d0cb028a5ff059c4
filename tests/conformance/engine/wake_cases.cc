// Promise 7: wake-ups, never one too few.
#include <catch2/catch.hpp>

#include "tests/conformance/engine/calls.h"
#include "tests/conformance/engine/under_test.h"

namespace labyrinth::storage {
namespace {

// "name@time" of each, in order.
std::string DueText(Engine& engine, int64_t now_ms, std::size_t limit = 1000) {
  const auto due = DueNow(engine, now_ms, limit);
  REQUIRE(due.ok());
  std::string out;
  for (const DuePartition& partition : *due) {
    out += (out.empty() ? "" : " ") + partition.partition + "@" + std::to_string(partition.wake_at_ms);
  }
  return out;
}

TEST_CASE("due partitions come earliest first, up to the limit, also after a restart") {
  const auto test = MakeEngineUnderTest();
  MustCommit(test->engine(), Wakes("a", {1, 0}, 300));
  MustCommit(test->engine(), Wakes("b", {1, 0}, 100));
  MustCommit(test->engine(), Wakes("c", {1, 0}, 200));
  MustCommit(test->engine(), Puts("d", {1, 0}, {{"k", "v"}}));
  for (int round = 0; round < 2; ++round) {
    CHECK(DueText(test->engine(), 99).empty());
    CHECK(DueText(test->engine(), 100) == "b@100");
    CHECK(DueText(test->engine(), 299) == "b@100 c@200");
    CHECK(DueText(test->engine(), 300) == "b@100 c@200 a@300");
    CHECK(DueText(test->engine(), INT64_MAX) == "b@100 c@200 a@300");
    CHECK(DueText(test->engine(), 1000, 2) == "b@100 c@200");
    CHECK(DueText(test->engine(), 1000, 0).empty());
    test->Reopen();
  }
}

TEST_CASE("a wake time is moved, kept, cleared") {
  const auto test = MakeEngineUnderTest();
  MustCommit(test->engine(), Wakes("a", {1, 0}, 100));
  MustCommit(test->engine(), Wakes("a", {1, 1}, 200));
  CHECK(DueText(test->engine(), 1000) == "a@200");
  MustCommit(test->engine(), Puts("a", {1, 2}, {{"k", "v"}}));
  CHECK(DueText(test->engine(), 1000) == "a@200");
  MustCommit(test->engine(), Wakes("a", {1, 3}, 50));
  CHECK(DueText(test->engine(), 1000) == "a@50");
  MustCommit(test->engine(), Wakes("a", {1, 4}, 50));
  CHECK(DueText(test->engine(), 1000) == "a@50");
  MustCommit(test->engine(), Wakes("a", {1, 5}, 0));
  CHECK(DueText(test->engine(), 1000).empty());
}

TEST_CASE("two partitions may wake at one time, and far ahead") {
  const auto test = MakeEngineUnderTest();
  MustCommit(test->engine(), Wakes("a", {1, 0}, 100));
  MustCommit(test->engine(), Wakes("b", {1, 0}, 100));
  MustCommit(test->engine(), Wakes("c", {1, 0}, INT64_MAX));
  CHECK(DueNow(test->engine(), 100)->size() == 2);
  CHECK(DueNow(test->engine(), INT64_MAX - 1)->size() == 2);
  CHECK(DueNow(test->engine(), INT64_MAX)->size() == 3);
}

TEST_CASE("a dropped partition no longer wakes; its successor may") {
  const auto test = MakeEngineUnderTest();
  MustCommit(test->engine(), Wakes("a", {1, 0}, 100));
  MustCommit(test->engine(), Drop("a", {1, 1}));
  CHECK(DueText(test->engine(), 1000).empty());
  MustCommit(test->engine(), Wakes("a", {2, 0}, 300));
  CHECK(DueText(test->engine(), 1000) == "a@300");
}

TEST_CASE("before time there was nothing") {
  const auto test = MakeEngineUnderTest();
  MustCommit(test->engine(), Wakes("a", {1, 0}, 1));
  CHECK(DueText(test->engine(), 0).empty());
  CHECK(DueText(test->engine(), -5).empty());
}

}  // namespace
}  // namespace labyrinth::storage
