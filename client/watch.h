// Following the change feed as it grows.
#ifndef LABYRINTH_CLIENT_WATCH_H_
#define LABYRINTH_CLIENT_WATCH_H_

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "client/core.h"
#include "client/feed.h"

namespace grpc {
class ClientContext;
}

namespace labyrinth::client {

// Ends a watch from another thread. Thread-safe; not to be used from a signal handler, since it takes a lock.
class WatchStop {
 public:
  // For good: also a watch that begins later ends at once.
  void Request();
  bool requested() const;

 private:
  friend class WatchedCall;
  // False if there is nothing to begin any more.
  bool Begin(grpc::ClientContext& call);
  void End();

  mutable absl::Mutex mutex_;
  bool requested_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::ClientContext* call_ ABSL_GUARDED_BY(mutex_) = nullptr;
};

// Gives what happens after `since` to `take`, batch by batch, until `stop` (then OK) or an error: `take`'s own, one of
// History::Changes, or DATA_LOSS. A stream that breaks, and one that was silent for five minutes or longer, is begun
// anew after the last batch that was taken, with a backoff up to 30 seconds and without end: a server that is away
// isn't an error. A batch without commits tells the head: on catch-up, and about every 30 seconds. `take` runs on the
// calling thread, between two reads of the stream.
absl::Status WatchFeed(Core& core, FeedCursor since, bool include_messages,
                       absl::FunctionRef<absl::Status(const ChangeBatch&)> take, WatchStop& stop);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_WATCH_H_
