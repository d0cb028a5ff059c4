#include "service/handlers/miss_limiter.h"

#include <catch2/catch.hpp>

#include "common/errors.h"
#include "common/limits.h"

namespace labyrinth::service {
namespace {

TEST_CASE("misses are counted per account and forgiven after the window") {
  ManualClock clock(1'000'000);
  MissLimiter limiter(clock);
  for (uint32_t i = 0; i < limits::kVirtualDeviceMisses; ++i) {
    CHECK(limiter.Check("a").ok());
    limiter.Miss("a");
  }
  const absl::Status refused = limiter.Check("a");
  CHECK(ReasonOf(refused) == Reason::kRateLimited);
  CHECK(DetailsOf(refused)["retry_after_ms"] == std::to_string(limits::kVirtualDeviceMissWindowMs));
  CHECK(limiter.Check("b").ok());

  clock.Advance(limits::kVirtualDeviceMissWindowMs - 1);
  CHECK_FALSE(limiter.Check("a").ok());
  clock.Advance(1);
  CHECK(limiter.Check("a").ok());
}

TEST_CASE("a full table forgets no running window to make room") {
  ManualClock clock(1'000'000);
  MissLimiter limiter(clock);
  for (uint32_t i = 0; i < limits::kMissCounters; ++i) limiter.Miss(std::to_string(i));
  CHECK(ReasonOf(limiter.Check("new")) == Reason::kRateLimited);
  CHECK(limiter.Check("0").ok());
  clock.Advance(limits::kVirtualDeviceMissWindowMs);
  CHECK(limiter.Check("new").ok());
}

}  // namespace
}  // namespace labyrinth::service
