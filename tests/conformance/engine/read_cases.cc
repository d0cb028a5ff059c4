// Promises 2 and 3: order, bounds, one moment.
#include <catch2/catch.hpp>

#include "common/errors.h"
#include "tests/conformance/engine/calls.h"
#include "tests/conformance/engine/under_test.h"

namespace labyrinth::storage {
namespace {

using std::string_literals::operator""s;

// Rows a..e of 2 bytes each (key and value together), in one commit.
void PutLetters(Engine& engine, const std::string& partition) {
  MustCommit(engine, Puts(partition, {1, 0}, {{"c", "3"}, {"a", "1"}, {"e", "5"}, {"b", "2"}, {"d", "4"}}));
}

TEST_CASE("a partition that never existed is at {1, 0} and empty") {
  const auto test = MakeEngineUnderTest();
  ReadRequest request = Gets("p", {"a"});
  request.scans = {Range("a", "z"), Range("a", "z", Direction::kBackward)};
  const ReadResult result = MustRead(test->engine(), request);
  CHECK(result.position == Position{1, 0});
  REQUIRE(result.values.size() == 1);
  CHECK_FALSE(result.values[0].has_value());
  REQUIRE(result.pages.size() == 2);
  for (const Page& page : result.pages) {
    CHECK(page.items.empty());
    CHECK_FALSE(page.more);
  }
}

TEST_CASE("values come in the order of the keys asked for") {
  const auto test = MakeEngineUnderTest();
  PutLetters(test->engine(), "p");
  const ReadResult result = MustRead(test->engine(), Gets("p", {"d", "x", "a", "d"}));
  CHECK(result.position == Position{1, 1});
  CHECK(result.values == std::vector<std::optional<std::string>>{"4", std::nullopt, "1", "4"});
}

TEST_CASE("many keys in one read") {
  const auto test = MakeEngineUnderTest();
  std::vector<KeyValue> rows;
  std::vector<std::string> keys;
  for (int i = 0; i < 500; ++i) {
    rows.push_back({"key" + std::to_string(i), "value" + std::to_string(i)});
    keys.push_back("key" + std::to_string(499 - i));
    keys.push_back("absent" + std::to_string(i));
  }
  MustCommit(test->engine(), Puts("p", {1, 0}, rows));
  const ReadResult result = MustRead(test->engine(), Gets("p", keys));
  REQUIRE(result.values.size() == keys.size());
  for (int i = 0; i < 500; ++i) {
    CHECK(result.values[2 * i] == "value" + std::to_string(499 - i));
    CHECK_FALSE(result.values[2 * i + 1].has_value());
  }
}

TEST_CASE("ranges are half-open in both directions") {
  const auto test = MakeEngineUnderTest();
  PutLetters(test->engine(), "p");
  const auto keys = [&](std::string begin, std::string end, Direction direction) {
    return KeysOf(MustRead(test->engine(), Scans("p", {Range(begin, end, direction)})).pages[0]);
  };
  CHECK(keys("b", "d", Direction::kForward) == "b c");
  CHECK(keys("b", "d", Direction::kBackward) == "c b");
  CHECK(keys("", "z", Direction::kForward) == "a b c d e");
  CHECK(keys("", "z", Direction::kBackward) == "e d c b a");
  CHECK(keys("b\0"s, "d\0"s, Direction::kForward) == "c d");
  CHECK(keys("b\0"s, "d\0"s, Direction::kBackward) == "d c");
  CHECK(keys("bb", "bc", Direction::kForward).empty());
  CHECK(keys("f", "z", Direction::kBackward).empty());
}

TEST_CASE("keys order bytewise, not as signed characters, not as text") {
  const auto test = MakeEngineUnderTest();
  const std::vector<std::string> ordered = {"\0"s,    "\0\0"s, "\0\1"s, "\1"s,   "A",     "a",       "a\0"s,
                                            "a\xff"s, "b",     "\x7f"s, "\x80"s, "\xff"s, "\xff\0"s, "\xff\xff"s};
  std::vector<KeyValue> rows;
  for (const std::string& key : ordered) rows.push_back({key, "v"});
  std::swap(rows.front(), rows.back());
  MustCommit(test->engine(), Puts("p", {1, 0}, rows));
  const std::string end(kMaxKeyBytes, '\xff');
  const ReadResult result =
      MustRead(test->engine(), Scans("p", {Range("", end), Range("", end, Direction::kBackward)}));
  std::vector<std::string> forward, backward;
  for (const Row& item : result.pages[0].items) forward.emplace_back(item.key);
  for (const Row& item : result.pages[1].items) backward.emplace(backward.begin(), item.key);
  CHECK(forward == ordered);
  CHECK(backward == ordered);
}

TEST_CASE("a page is bounded in items and says whether there is more") {
  const auto test = MakeEngineUnderTest();
  PutLetters(test->engine(), "p");
  for (const Direction direction : {Direction::kForward, Direction::kBackward}) {
    const bool forward = direction == Direction::kForward;
    const auto page = [&](std::size_t max_items) {
      Scan scan = Range("b", "e", direction);
      scan.max_items = max_items;
      return MustRead(test->engine(), Scans("p", {scan})).pages[0];
    };
    CHECK(KeysOf(page(1)) == (forward ? "b" : "d"));
    CHECK(page(1).more);
    CHECK(KeysOf(page(2)) == (forward ? "b c" : "d c"));
    CHECK(page(2).more);
    CHECK(KeysOf(page(3)) == (forward ? "b c d" : "d c b"));
    CHECK_FALSE(page(3).more);
    CHECK_FALSE(page(4).more);
  }
}

TEST_CASE("a page is bounded in bytes of keys and values but never empty") {
  const auto test = MakeEngineUnderTest();
  PutLetters(test->engine(), "p");
  for (const Direction direction : {Direction::kForward, Direction::kBackward}) {
    const auto page = [&](std::size_t max_bytes) {
      Scan scan = Range("a", "f", direction);
      scan.max_bytes = max_bytes;
      return MustRead(test->engine(), Scans("p", {scan})).pages[0];
    };
    for (const auto& [max_bytes, items] : {std::pair<std::size_t, std::size_t>{0, 1},
                                           {1, 1},
                                           {2, 1},
                                           {3, 1},
                                           {4, 2},
                                           {5, 2},
                                           {9, 4},
                                           {10, 5},
                                           {11, 5}}) {
      INFO("max_bytes " << max_bytes);
      CHECK(page(max_bytes).items.size() == items);
      CHECK(page(max_bytes).more == (items < 5));
    }
  }
}

TEST_CASE("a walk page by page meets every row once") {
  const auto test = MakeEngineUnderTest();
  std::vector<KeyValue> rows;
  for (int i = 0; i < 100; ++i) rows.push_back({std::to_string(1000 + i), "v"});
  MustCommit(test->engine(), Puts("p", {1, 0}, rows));
  std::string begin;
  std::vector<std::string> met;
  for (bool more = true; more;) {
    Scan scan = Range(begin, "2");
    scan.max_items = 7;
    const Page page = MustRead(test->engine(), Scans("p", {scan})).pages[0];
    for (const Row& item : page.items) met.emplace_back(item.key);
    begin = met.back() + '\0';
    more = page.more;
  }
  REQUIRE(met.size() == 100);
  CHECK(std::is_sorted(met.begin(), met.end()));
  CHECK(std::adjacent_find(met.begin(), met.end()) == met.end());
}

TEST_CASE("one read takes keys and several scans") {
  const auto test = MakeEngineUnderTest();
  PutLetters(test->engine(), "p");
  ReadRequest request = Gets("p", {"a", "z"});
  request.scans = {Range("d", "z"), Range("a", "c", Direction::kBackward), Range("x", "z")};
  const ReadResult result = MustRead(test->engine(), request);
  CHECK(result.values[0] == "1");
  CHECK_FALSE(result.values[1].has_value());
  CHECK(KeysOf(result.pages[0]) == "d e");
  CHECK(KeysOf(result.pages[1]) == "b a");
  CHECK(KeysOf(result.pages[2]).empty());
}

TEST_CASE("partitions don't see one another, whatever their names") {
  const auto test = MakeEngineUnderTest();
  const std::vector<std::string> names = {"p",
                                          "pp",
                                          "p\0"s,
                                          "\0"s,
                                          "\xff"s,
                                          std::string(kMaxPartitionNameBytes, '\xff'),
                                          std::string(kMaxPartitionNameBytes, '\0')};
  for (const std::string& name : names) MustCommit(test->engine(), Puts(name, {1, 0}, {{"k", name}, {"\xff"s, name}}));
  for (const std::string& name : names) {
    ReadRequest request = Gets(name, {"k"});
    request.scans = {Range("", std::string(kMaxKeyBytes, '\xff'))};
    const ReadResult result = MustRead(test->engine(), request);
    CHECK(result.values[0] == name);
    CHECK(result.pages[0].items.size() == 2);
    CHECK(result.position == Position{1, 1});
  }
}

TEST_CASE("a read outside the bounds is refused") {
  const auto test = MakeEngineUnderTest();
  CHECK(ReadNow(test->engine(), Gets("", {"k"})).status().code() == absl::StatusCode::kInvalidArgument);
  CHECK(ReadNow(test->engine(), Gets("p", {""})).status().code() == absl::StatusCode::kInvalidArgument);
  CHECK(ReadNow(test->engine(), Scans("p", {Range("b", "a")})).status().code() == absl::StatusCode::kInvalidArgument);
}

TEST_CASE("a read past its deadline is refused") {
  const auto test = MakeEngineUnderTest();
  PutLetters(test->engine(), "p");
  ReadRequest request = Gets("p", {"a"});
  request.deadline = absl::InfinitePast();
  CHECK(ReasonOf(ReadNow(test->engine(), request).status()) == Reason::kEngineUnavailable);
  request.deadline = absl::Now() + absl::Hours(1);
  CHECK(MustRead(test->engine(), request).values[0] == "1");
}

}  // namespace
}  // namespace labyrinth::storage
