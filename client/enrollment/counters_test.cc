#include "client/enrollment/counters.h"

#include <catch2/catch.hpp>

namespace labyrinth::client {
namespace {

constexpr Allowance kThreeAMinute = {3, 60'000};

TEST_CASE("So many within any window, and the next when the oldest of them leaves it") {
  std::vector<int64_t> times;
  CHECK(LeftOf(kThreeAMinute, times, 1'000'000) == 3);
  CHECK(WaitMs(kThreeAMinute, times, 1'000'000) == 0);
  for (const int64_t at_ms : {1'000'000, 1'010'000, 1'020'000}) Count(kThreeAMinute, times, at_ms);
  CHECK(LeftOf(kThreeAMinute, times, 1'020'000) == 0);
  CHECK(WaitMs(kThreeAMinute, times, 1'020'000) == 40'000);
  CHECK(LeftOf(kThreeAMinute, times, 1'059'999) == 0);
  CHECK(WaitMs(kThreeAMinute, times, 1'059'999) == 1);
  CHECK(LeftOf(kThreeAMinute, times, 1'060'000) == 1);
  Count(kThreeAMinute, times, 1'060'000);
  CHECK(times.size() == 3);  // the first is forgotten
  CHECK(WaitMs(kThreeAMinute, times, 1'060'000) == 10'000);
}

TEST_CASE("A clock that was set back buys nothing, and locks nobody out for longer than the window") {
  std::vector<int64_t> times;
  for (const int64_t at_ms : {9'000'000, 9'000'000, 9'000'000}) Count(kThreeAMinute, times, at_ms);
  CHECK(LeftOf(kThreeAMinute, times, 1'000'000) == 0);
  CHECK(WaitMs(kThreeAMinute, times, 1'000'000) == 60'000);
  times.pop_back();
  Count(kThreeAMinute, times, 1'000'000);  // what stood in the future is as of now from here on
  CHECK(LeftOf(kThreeAMinute, times, 1'059'999) == 0);
  CHECK(LeftOf(kThreeAMinute, times, 1'060'000) == 3);
}

}  // namespace
}  // namespace labyrinth::client
