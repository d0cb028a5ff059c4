// Commits one fault, the one that the sanitizer it is built with must report. If this program ends in peace, a clean
// run of the tests under that sanitizer means nothing.

#include <grpcpp/alarm.h>

#include <chrono>
#include <climits>
#include <cstdio>
#include <memory>

#include "absl/synchronization/notification.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LABYRINTH_CANARY_ADDRESS
#elif __has_feature(thread_sanitizer)
#define LABYRINTH_CANARY_THREAD
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define LABYRINTH_CANARY_ADDRESS
#elif defined(__SANITIZE_THREAD__)
#define LABYRINTH_CANARY_THREAD
#endif

namespace {

#if defined(LABYRINTH_CANARY_ADDRESS)

// Reads a byte after it was freed. The volatile pointer keeps the compiler from seeing it first.
int CommitFault() {
  auto byte = std::make_unique<char>('x');
  char* volatile dangling = byte.get();
  byte.reset();
  return *dangling;
}

#elif defined(LABYRINTH_CANARY_THREAD)

// Writes a counter here and in a gRPC callback, with nothing in between: the callback runs on a thread that gRPC made
// and below frames of gRPC, where a suppression that is too broad would hide it.
int CommitFault() {
  int counter = 0;
  absl::Notification called;
  grpc::Alarm alarm;
  alarm.Set(std::chrono::system_clock::now(), [&](bool) {
    ++counter;
    called.Notify();
  });
  ++counter;
  called.WaitForNotification();
  return counter;
}

#else

// Adds one to the greatest int.
int CommitFault() {
  volatile int greatest = INT_MAX;
  return greatest + 1;
}

#endif

}  // namespace

int main() {
  std::printf("the fault went unnoticed (%d)\n", CommitFault());
  return 0;
}
