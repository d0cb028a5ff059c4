// Threads for calls that wait.
#ifndef LABYRINTH_SERVICE_ADMIN_CALL_THREADS_H_
#define LABYRINTH_SERVICE_ADMIN_CALL_THREADS_H_

#include <grpcpp/grpcpp.h>

#include <cstddef>
#include <list>
#include <optional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"

namespace labyrinth::service {

// A thread for each call. gRPC's synchronous servers have that too, but keep a thread that polls all connections of the
// process: it would be woken for clients' calls, to hand them on. Thread-safe.
class CallThreads {
 public:
  // At most so many calls at a time.
  explicit CallThreads(std::size_t most) : most_(most) {}
  // Waits for all of them.
  ~CallThreads();

  // Runs `call` on its own thread; false if as many as may already run, or the system has no thread left.
  bool Run(absl::AnyInvocable<void() &&> call) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Thread {
    std::thread thread;
    bool done = false;
  };

  void RemoveDone() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::size_t most_;
  absl::Mutex mutex_;
  std::list<Thread> threads_ ABSL_GUARDED_BY(mutex_);
};

// A stream of responses from a thread that waits until each was taken. Belongs to gRPC, and goes after Finish(). One
// thread writes.
template <typename Response>
class WaitingWriter final : public grpc::ServerWriteReactor<Response> {
 public:
  // False: the client has gone.
  bool Write(const Response& response) ABSL_LOCKS_EXCLUDED(mutex_) {
    this->StartWrite(&response);
    const absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(this, &WaitingWriter::IsTaken));
    const bool taken = *taken_;
    taken_.reset();
    return taken;
  }

  void OnWriteDone(bool ok) override ABSL_LOCKS_EXCLUDED(mutex_) {
    const absl::MutexLock lock(&mutex_);
    taken_ = ok;
  }
  void OnDone() override { delete this; }

 private:
  bool IsTaken() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return taken_.has_value(); }

  absl::Mutex mutex_;
  std::optional<bool> taken_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_ADMIN_CALL_THREADS_H_
