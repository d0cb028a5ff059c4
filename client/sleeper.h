// The seam through which waiting happens, so that tests of retries take no time.
#ifndef LABYRINTH_CLIENT_SLEEPER_H_
#define LABYRINTH_CLIENT_SLEEPER_H_

#include <chrono>
#include <cstdint>
#include <thread>

namespace labyrinth::client {

// Blocks the calling thread. Thread-safe.
class Sleeper {
 public:
  virtual ~Sleeper() = default;
  virtual void SleepMs(int64_t duration_ms) = 0;
};

class ThreadSleeper final : public Sleeper {
 public:
  void SleepMs(int64_t duration_ms) override { std::this_thread::sleep_for(std::chrono::milliseconds(duration_ms)); }
};

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_SLEEPER_H_
