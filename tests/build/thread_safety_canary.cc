// Breaks a lock annotation. It compiles, except under `./dev thread-safety`, which fails unless this file does.

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace labyrinth {

class Counter {
 public:
  // The fault: reads what the mutex guards, without the mutex.
  int value() const { return value_; }

 private:
  mutable absl::Mutex mutex_;
  int value_ ABSL_GUARDED_BY(mutex_) = 0;
};

int ReadWithoutLock(const Counter& counter);
int ReadWithoutLock(const Counter& counter) { return counter.value(); }

}  // namespace labyrinth
