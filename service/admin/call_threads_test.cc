#include "service/admin/call_threads.h"

#include <pthread.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstddef>

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

// No address space has room for such a stack.
class NoThreads {
 public:
  NoThreads() {
    pthread_getattr_default_np(&before_);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, std::size_t{1} << 47);
    REQUIRE(pthread_setattr_default_np(&attributes) == 0);
    pthread_attr_destroy(&attributes);
  }
  ~NoThreads() { pthread_setattr_default_np(&before_); }

 private:
  pthread_attr_t before_;
};

TEST_CASE("A call that the system has no thread for is refused, and takes no room") {
  CallThreads threads(1);
  {
    const NoThreads none;
    CHECK_FALSE(threads.Run([] {}));
  }
  CHECK(threads.Run([] {}));
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
