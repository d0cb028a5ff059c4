#include "service/admin/call_threads.h"

#include <system_error>
#include <utility>

namespace labyrinth::service {

CallThreads::~CallThreads() {
  std::list<Thread> threads;
  {
    const absl::MutexLock lock(&mutex_);
    threads.swap(threads_);
  }
  for (Thread& thread : threads) thread.thread.join();
}

bool CallThreads::Run(absl::AnyInvocable<void() &&> call) {
  const absl::MutexLock lock(&mutex_);
  RemoveDone();
  if (threads_.size() >= most_) return false;
  Thread& thread = threads_.emplace_back();
  try {
    thread.thread = std::thread([this, &thread, call = std::move(call)]() mutable {
      std::move(call)();
      const absl::MutexLock done(&mutex_);
      thread.done = true;
    });
  } catch (const std::system_error&) {  // the system has no thread left
    threads_.pop_back();
    return false;
  }
  return true;
}

void CallThreads::RemoveDone() {
  for (auto thread = threads_.begin(); thread != threads_.end();) {
    if (!thread->done) {
      ++thread;
      continue;
    }
    thread->thread.join();  // it has nothing left to do
    thread = threads_.erase(thread);
  }
}

}  // namespace labyrinth::service
