// An executor that runs nothing by itself, so that a test decides the order of events.
#ifndef LABYRINTH_SERVICE_MAILBOX_TESTING_QUEUE_EXECUTOR_H_
#define LABYRINTH_SERVICE_MAILBOX_TESTING_QUEUE_EXECUTOR_H_

#include <cstddef>
#include <deque>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/executor.h"

namespace labyrinth::mailbox::testing {

// Keeps tasks in the order posted until RunAll(). Thread-safe.
class QueueExecutor final : public Executor {
 public:
  void Post(absl::AnyInvocable<void() &&> task) override ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    tasks_.push_back(std::move(task));
  }

  // Runs tasks on this thread, those that they post as well, until none is left; returns how many there were.
  std::size_t RunAll() ABSL_LOCKS_EXCLUDED(mutex_) {
    std::size_t count = 0;
    while (RunOne()) ++count;
    return count;
  }

  bool RunOne() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::AnyInvocable<void() &&> task;
    {
      absl::MutexLock lock(&mutex_);
      if (tasks_.empty()) return false;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    std::move(task)();
    return true;
  }

 private:
  absl::Mutex mutex_;
  std::deque<absl::AnyInvocable<void() &&>> tasks_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace labyrinth::mailbox::testing

#endif  // LABYRINTH_SERVICE_MAILBOX_TESTING_QUEUE_EXECUTOR_H_
