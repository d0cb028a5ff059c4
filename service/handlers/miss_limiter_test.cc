#include "service/handlers/miss_limiter.h"

#include <catch2/catch.hpp>

#include "common/errors.h"
#include "common/limits.h"

namespace labyrinth::service {
namespace {

TEST_CASE("Misses are counted per account and forgiven after the window") {
  ManualClock clock(1'000'000);
  MissLimiter limiter(clock);
  for (uint32_t i = 0; i < limits::kVirtualDeviceMisses; ++i) CHECK(limiter.Try("a").ok());
  const absl::Status refused = limiter.Try("a");
  CHECK(ReasonOf(refused) == Reason::kRateLimited);
  CHECK(DetailsOf(refused)["retry_after_ms"] == std::to_string(limits::kVirtualDeviceMissWindowMs));
  CHECK(limiter.Try("b").ok());

  clock.Advance(limits::kVirtualDeviceMissWindowMs - 1);
  CHECK_FALSE(limiter.Try("a").ok());
  clock.Advance(1);
  CHECK(limiter.Try("a").ok());
}

TEST_CASE("Hits cost nothing, however many") {
  ManualClock clock(1'000'000);
  MissLimiter limiter(clock);
  for (uint32_t i = 0; i < 3 * limits::kVirtualDeviceMisses; ++i) {
    CHECK(limiter.Try("a").ok());
    limiter.TakeBack("a");
  }
  for (uint32_t i = 0; i < limits::kVirtualDeviceMisses; ++i) CHECK(limiter.Try("a").ok());
  CHECK_FALSE(limiter.Try("a").ok());  // control: the same tries, not taken back
  limiter.TakeBack("nobody");
}

TEST_CASE("Guesses made at once count before any of them is answered") {
  ManualClock clock(1'000'000);
  MissLimiter limiter(clock);
  uint32_t under_way = 0;
  while (limiter.Try("a").ok()) ++under_way;
  CHECK(under_way == limits::kVirtualDeviceMisses);
}

TEST_CASE("A full table forgets no running window to make room") {
  ManualClock clock(1'000'000);
  MissLimiter limiter(clock);
  for (uint32_t i = 0; i < limits::kMissCounters; ++i) {
    if (!limiter.Try(std::to_string(i)).ok()) FAIL("refused too early");
  }
  CHECK(ReasonOf(limiter.Try("new")) == Reason::kRateLimited);
  CHECK(limiter.Try("0").ok());
  clock.Advance(limits::kVirtualDeviceMissWindowMs);
  CHECK(limiter.Try("new").ok());
}

}  // namespace
}  // namespace labyrinth::service
