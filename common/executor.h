// Where work continues that must not run on the thread that made it possible.
#ifndef LABYRINTH_COMMON_EXECUTOR_H_
#define LABYRINTH_COMMON_EXECUTOR_H_

#include <cstddef>
#include <deque>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"

namespace labyrinth {

// Runs tasks, each once, in no promised order. Thread-safe.
class Executor {
 public:
  virtual ~Executor() = default;
  virtual void Post(absl::AnyInvocable<void() &&> task) = 0;
};

// A fixed number of threads over one queue. Destruction runs what is queued, then joins; a task posted meanwhile by
// a running task still runs.
class ThreadPool final : public Executor {
 public:
  explicit ThreadPool(std::size_t threads);
  ~ThreadPool() override;
  void Post(absl::AnyInvocable<void() &&> task) override ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Work() ABSL_LOCKS_EXCLUDED(mutex_);
  bool HasWorkOrStops() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return stopping_ || !tasks_.empty(); }

  absl::Mutex mutex_;
  std::deque<absl::AnyInvocable<void() &&>> tasks_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace labyrinth

#endif  // LABYRINTH_COMMON_EXECUTOR_H_
