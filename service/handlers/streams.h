// Open streams: how many there may be, who wakes them, and who ends them all.
#ifndef LABYRINTH_SERVICE_HANDLERS_STREAMS_H_
#define LABYRINTH_SERVICE_HANDLERS_STREAMS_H_

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

namespace labyrinth::service {

// What others can do to a stream. Thread-safe; no call waits.
class LiveStream {
 public:
  virtual ~LiveStream() = default;
  // There may be something to send. `recheck`: the caller's standing may have changed as well.
  virtual void Kick(bool recheck) = 0;
  // Time has passed.
  virtual void Tick() = 0;
  // Ends it with `why` as soon as it isn't in the middle of a write.
  virtual void Stop(const absl::Status& why) = 0;
};

// All streams of one kind. Thread-safe. Streams are called without a lock held.
class Streams {
 public:
  // At most `limit` of them on this node; `limit_name` is what the refused are told.
  Streams(std::string_view limit_name, std::size_t limit) : limit_name_(limit_name), limit_(limit) {}

  // `caller` is whoever holds it (bounded by limits::kStreamsPerCaller: one too many ends the caller's oldest with
  // RATE_LIMITED, since reconnecting leaves dead ones behind); `topic` what it is woken by. Of either,
  // an empty one is none: whoever counts by itself, or never waits for others. DRAINING; RATE_LIMITED when
  // the node has all that it may, or when the caller has as many again that don't end, for it reads nothing.
  absl::Status Add(std::shared_ptr<LiveStream> stream, std::string caller, std::string topic)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Unknown ones are fine.
  void Remove(const LiveStream* stream) ABSL_LOCKS_EXCLUDED(mutex_);

  // Whether anybody would be woken: cheap.
  bool HasTopic(const std::string& topic) const ABSL_LOCKS_EXCLUDED(mutex_);
  // Something happened that concerns this topic: kicks its streams.
  void Wake(const std::string& topic, bool recheck) ABSL_LOCKS_EXCLUDED(mutex_);
  // About once a second: tells all, so that what has run out of time ends.
  void Tick() ABSL_LOCKS_EXCLUDED(mutex_);
  // Ends all with DRAINING, and takes no more.
  void Drain() ABSL_LOCKS_EXCLUDED(mutex_);
  // Takes them again.
  void Undrain() ABSL_LOCKS_EXCLUDED(mutex_);

  std::size_t size() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Entry {
    std::shared_ptr<LiveStream> stream;
    std::string caller;
    std::string topic;
  };
  using List = std::vector<std::shared_ptr<LiveStream>>;  // in the order of opening

  List All() const ABSL_LOCKS_EXCLUDED(mutex_);

  const std::string_view limit_name_;
  const std::size_t limit_;

  mutable absl::Mutex mutex_;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  absl::flat_hash_map<const LiveStream*, Entry> entries_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, List> callers_ ABSL_GUARDED_BY(mutex_);
  absl::flat_hash_map<std::string, List> topics_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_HANDLERS_STREAMS_H_
