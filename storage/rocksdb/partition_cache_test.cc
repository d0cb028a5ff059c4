#include "storage/rocksdb/partition_cache.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdint>
#include <thread>

namespace labyrinth::storage {
namespace {

PartitionRecord At(uint64_t revision) { return {.number = 7, .position = {1, revision}, .wake_at_ms = 0}; }

TEST_CASE("what was read is known until it is written") {
  PartitionCache cache;
  const PartitionCache::Glimpse before = cache.Look("a");
  REQUIRE_FALSE(before.record().has_value());
  cache.Remember("a", before, At(3));
  const PartitionCache::Glimpse known = cache.Look("a");
  REQUIRE(known.record() == At(3));
  REQUIRE(cache.Holds("a", known));

  cache.BeginWrite("a");
  CHECK_FALSE(cache.Holds("a", known));
  CHECK_FALSE(cache.Look("a").record().has_value());
  cache.EndWrite("a", At(4));
  CHECK_FALSE(cache.Holds("a", known));
  CHECK(cache.Look("a").record() == At(4));
}

TEST_CASE("what was read beside a write is not remembered") {
  PartitionCache cache;
  SECTION("one that began and ended meanwhile") {
    const PartitionCache::Glimpse glimpse = cache.Look("a");
    cache.BeginWrite("a");
    cache.EndWrite("a", At(4));
    cache.Remember("a", glimpse, At(3));
    CHECK(cache.Look("a").record() == At(4));
  }
  SECTION("one that was under way before") {
    cache.BeginWrite("a");
    const PartitionCache::Glimpse glimpse = cache.Look("a");
    cache.Remember("a", glimpse, At(3));
    CHECK_FALSE(cache.Look("a").record().has_value());
    cache.EndWrite("a", At(4));
    cache.Remember("a", glimpse, At(3));
    CHECK(cache.Look("a").record() == At(4));
  }
}

TEST_CASE("after a write that failed nothing is known any more") {
  PartitionCache cache;
  cache.Remember("a", cache.Look("a"), At(3));
  cache.BeginWrite("a");
  cache.Remember("a", cache.Look("a"), At(3));
  CHECK_FALSE(cache.Look("a").record().has_value());
}

TEST_CASE("names that share a place don't share a record") {
  PartitionCache cache(/*places=*/1);
  cache.Remember("a", cache.Look("a"), At(3));
  CHECK_FALSE(cache.Look("b").record().has_value());

  SECTION("the later one takes it over") {
    const PartitionCache::Glimpse known = cache.Look("a");
    cache.Remember("b", cache.Look("b"), At(5));
    CHECK(cache.Look("b").record() == At(5));
    CHECK_FALSE(cache.Look("a").record().has_value());
    CHECK(cache.Holds("a", known));  // nobody wrote it
  }
  SECTION("both in one write") {
    cache.BeginWrite("a");
    cache.BeginWrite("b");
    cache.EndWrite("a", At(4));
    CHECK_FALSE(cache.Look("a").record().has_value());
    cache.EndWrite("b", At(6));
    CHECK(cache.Look("b").record() == At(6));
  }
}

TEST_CASE("a reader whose glimpse holds has read one moment") {
  constexpr uint64_t kWrites = 200'000;
  PartitionCache cache;
  std::atomic<uint64_t> one = 0, other = 0;  // rows, as far as the cache goes
  cache.Remember("a", cache.Look("a"), At(0));
  std::thread writer([&] {
    for (uint64_t i = 1; i <= kWrites; ++i) {
      cache.BeginWrite("a");
      one = i;
      other = i;
      cache.EndWrite("a", At(i));
    }
  });
  uint64_t wrong = 0;
  for (uint64_t seen = 0; seen < kWrites;) {
    const PartitionCache::Glimpse glimpse = cache.Look("a");
    const uint64_t second = other, first = one;
    if (!glimpse.record().has_value() || !cache.Holds("a", glimpse)) continue;
    seen = glimpse.record()->position.revision;
    wrong += first != seen || second != seen;
  }
  writer.join();
  CHECK(wrong == 0);
}

}  // namespace
}  // namespace labyrinth::storage
