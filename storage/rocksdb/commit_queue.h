// Where writes wait for the committer, and where their deadlines are kept.
#ifndef LABYRINTH_STORAGE_ROCKSDB_COMMIT_QUEUE_H_
#define LABYRINTH_STORAGE_ROCKSDB_COMMIT_QUEUE_H_

#include <cstddef>
#include <deque>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "storage/rocksdb/queued_write.h"

namespace labyrinth::storage {

// A bounded queue of commits and one of blobs' writes, so that chunks, which are large, keep no save waiting. One
// consumer takes from both at once. Every write is answered exactly once and never under the lock: by Finish; or at its
// deadline by a thread of the queue's own, so that a disk that hangs in a sync holds up nobody (kFailed while it waits,
// kUnknown once it was taken); or by Stop. Thread-safe.
class CommitQueue {
 public:
  struct Bytes {
    std::size_t commits = 0;
    std::size_t blobs = 0;
  };

  // What waits in each is at most this much together.
  explicit CommitQueue(Bytes max_bytes);
  CommitQueue(const CommitQueue&) = delete;
  CommitQueue& operator=(const CommitQueue&) = delete;
  // Stop was called, and the consumer is gone.
  ~CommitQueue();

  // Answers at once, with kFailed, if the deadline has passed, the queue is full or stopped.
  void Push(QueuedWrite write, CommitCallback done) ABSL_LOCKS_EXCLUDED(mutex_);

  // For the consumer. Waits for writes and takes the oldest of each queue, up to `max_bytes` together but at least one.
  // Empty means stopped. Each group is to be answered by Finish before the next is taken.
  std::vector<QueuedWrite> TakeGroup(Bytes max_bytes) ABSL_LOCKS_EXCLUDED(mutex_);
  // One result per write of the group, in its order. Runs the callbacks on this thread.
  void Finish(std::vector<CommitResult> results) ABSL_LOCKS_EXCLUDED(mutex_);

  // Fails all that wait and all that come; a group already taken is still to be finished. Idempotent.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Waiting {
    QueuedWrite write;
    absl::Time deadline;
    CommitCallback done;
    std::size_t bytes;
  };
  struct Lane {
    const std::size_t max_bytes;
    std::deque<Waiting> waiting;
    std::size_t bytes = 0;
  };
  struct Taken {
    absl::Time deadline;
    CommitCallback done;  // null once the deadline has answered it
  };
  using Answers = std::vector<std::pair<CommitCallback, CommitResult>>;

  absl::Status Admit(const Lane& lane, absl::Time deadline, std::size_t bytes) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Take(Lane& lane, std::size_t max_bytes, std::vector<QueuedWrite>& group) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void WatchDeadlines() ABSL_LOCKS_EXCLUDED(mutex_);
  // Takes out what has passed its deadline and sets next_look_ to the earliest deadline left.
  Answers TakeExpired(absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  static void Deliver(Answers answers);

  absl::Mutex mutex_;
  absl::CondVar arrived_;       // for the consumer
  absl::CondVar look_earlier_;  // for the thread that watches deadlines
  Lane commits_ ABSL_GUARDED_BY(mutex_);
  Lane blobs_ ABSL_GUARDED_BY(mutex_);
  std::vector<Taken> taken_ ABSL_GUARDED_BY(mutex_);
  absl::Time next_look_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;   // no writes come in any more
  bool finished_ ABSL_GUARDED_BY(mutex_) = false;  // no deadlines are left to watch
  std::thread watcher_;
};

}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_ROCKSDB_COMMIT_QUEUE_H_
