// What is to be done again and again.
#ifndef LABYRINTH_SERVICE_SERVER_TICKER_H_
#define LABYRINTH_SERVICE_SERVER_TICKER_H_

#include <functional>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace labyrinth::service {

// Calls `work` once in every `interval`, on a thread of its own, until it is destroyed; destruction waits for a call
// that is under way. Thread-compatible.
class Ticker {
 public:
  Ticker(absl::Duration interval, std::function<void()> work)
      : interval_(interval), work_(std::move(work)), thread_([this] { Loop(); }) {}
  ~Ticker() {
    {
      absl::MutexLock lock(&mutex_);
      stopping_ = true;
    }
    thread_.join();
  }
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

 private:
  void Loop() ABSL_LOCKS_EXCLUDED(mutex_) {
    for (;;) {
      {
        absl::MutexLock lock(&mutex_);
        if (mutex_.AwaitWithTimeout(absl::Condition(&stopping_), interval_)) return;
      }
      work_();
    }
  }

  const absl::Duration interval_;
  const std::function<void()> work_;
  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_SERVER_TICKER_H_
