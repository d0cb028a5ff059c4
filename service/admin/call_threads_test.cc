#include "service/admin/call_threads.h"

#include <atomic>
#include <catch2/catch.hpp>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"

namespace labyrinth::service {
namespace {

// Until `done`, or half a minute.
template <typename Done>
bool Await(Done done) {
  for (int i = 0; i < 3000; ++i) {
    if (done()) return true;
    absl::SleepFor(absl::Milliseconds(10));
  }
  return false;
}

TEST_CASE("Calls that wait keep others from a thread only beyond the bound, and until they end") {
  absl::Notification go_on;
  std::atomic<int> ended = 0;
  {
    CallThreads threads(2);
    const auto wait = [&] {
      go_on.WaitForNotification();
      ++ended;
    };
    REQUIRE(threads.Run(wait));
    REQUIRE(threads.Run(wait));
    CHECK_FALSE(threads.Run([&] { ended += 100; }));
    go_on.Notify();
    REQUIRE(Await([&] { return threads.Run([&] { ++ended; }); }));
  }
  CHECK(ended == 3);
}

TEST_CASE("Whoever takes the threads away waits for their calls") {
  std::atomic<bool> ended = false;
  absl::Notification begun;
  {
    CallThreads threads(1);
    REQUIRE(threads.Run([&] {
      begun.Notify();
      absl::SleepFor(absl::Milliseconds(50));
      ended = true;
    }));
    begun.WaitForNotification();
  }
  CHECK(ended);
}

}  // namespace
}  // namespace labyrinth::service
