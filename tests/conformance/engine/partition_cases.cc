// Promise 8: enumeration.
#include <catch2/catch.hpp>

#include "tests/conformance/engine/calls.h"
#include "tests/conformance/engine/under_test.h"

namespace labyrinth::storage {
namespace {

// "name@incarnation.revision" of each, in order, and its wake time if there is one.
std::string PartitionsText(Engine& engine, const std::string& after = "", std::size_t limit = 1000) {
  const auto listed = PartitionsNow(engine, after, limit);
  REQUIRE(listed.ok());
  std::string out;
  for (const PartitionEntry& entry : *listed) {
    out += (out.empty() ? "" : " ") + entry.partition + "@" + std::to_string(entry.position.incarnation) + "." +
           std::to_string(entry.position.revision);
    if (entry.wake_at_ms != 0) out += "!" + std::to_string(entry.wake_at_ms);
  }
  return out;
}

TEST_CASE("partitions are listed by name with where they stand, also after a restart") {
  const auto test = MakeEngineUnderTest();
  CHECK(PartitionsText(test->engine()).empty());
  MustCommit(test->engine(), Puts("b", {1, 0}, {{"k", "v"}}));
  MustCommit(test->engine(), Puts("b", {1, 1}, {{"k", "w"}}));
  MustCommit(test->engine(), Wakes("a", {1, 0}, 300));
  MustCommit(test->engine(), Puts("\xff\xff", {1, 0}, {{"k", "v"}}));
  MustCommit(test->engine(), Puts("a0", {1, 0}, {{"k", "v"}}));
  for (int round = 0; round < 2; ++round) {
    CHECK(PartitionsText(test->engine()) == "a@1.1!300 a0@1.1 b@1.2 \xff\xff@1.1");
    test->Reopen();
  }
}

TEST_CASE("a walk goes on after the last name, whether or not it still exists") {
  const auto test = MakeEngineUnderTest();
  for (const char* name : {"a", "b", "c", "d"}) MustCommit(test->engine(), Puts(name, {1, 0}, {{"k", "v"}}));
  CHECK(PartitionsText(test->engine(), "", 2) == "a@1.1 b@1.1");
  CHECK(PartitionsText(test->engine(), "b", 2) == "c@1.1 d@1.1");
  CHECK(PartitionsText(test->engine(), "bb", 2) == "c@1.1 d@1.1");
  CHECK(PartitionsText(test->engine(), "d").empty());
  CHECK(PartitionsText(test->engine(), "", 0).empty());
  MustCommit(test->engine(), Drop("b", {1, 1}));
  CHECK(PartitionsText(test->engine(), "b", 1) == "c@1.1");
}

TEST_CASE("a dropped partition isn't listed and doesn't shorten a page; its successor is") {
  const auto test = MakeEngineUnderTest();
  for (const char* name : {"a", "b", "c"}) MustCommit(test->engine(), Puts(name, {1, 0}, {{"k", "v"}}));
  MustCommit(test->engine(), Drop("a", {1, 1}));
  CHECK(PartitionsText(test->engine(), "", 2) == "b@1.1 c@1.1");
  MustCommit(test->engine(), Puts("a", {2, 0}, {{"k", "v"}}));
  CHECK(PartitionsText(test->engine()) == "a@2.1 b@1.1 c@1.1");
}

}  // namespace
}  // namespace labyrinth::storage
