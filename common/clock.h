// The seam through which wall-clock time comes in, so that every test replays.
#ifndef LABYRINTH_COMMON_CLOCK_H_
#define LABYRINTH_COMMON_CLOCK_H_

#include <atomic>
#include <chrono>
#include <cstdint>

namespace labyrinth {

// Wall-clock time in Unix milliseconds. It may step backward: callers that need order use revisions. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual int64_t NowMs() const = 0;
};

class SystemClock final : public Clock {
 public:
  int64_t NowMs() const override {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
};

// For tests: stands still until told. Thread-safe.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(int64_t now_ms) : now_ms_(now_ms) {}
  int64_t NowMs() const override { return now_ms_.load(); }
  void Set(int64_t now_ms) { now_ms_.store(now_ms); }
  void Advance(int64_t delta_ms) { now_ms_.fetch_add(delta_ms); }

 private:
  std::atomic<int64_t> now_ms_;
};

}  // namespace labyrinth

#endif  // LABYRINTH_COMMON_CLOCK_H_
