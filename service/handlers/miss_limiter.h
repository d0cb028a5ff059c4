// Slows down whoever guesses.
#ifndef LABYRINTH_SERVICE_HANDLERS_MISS_LIMITER_H_
#define LABYRINTH_SERVICE_HANDLERS_MISS_LIMITER_H_

#include <cstdint>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "common/clock.h"

namespace labyrinth::service {

// Counts an account's misses in a window: at most limits::kVirtualDeviceMisses in limits::kVirtualDeviceMissWindowMs,
// on this node. A try counts as a miss until it is known to be none, so that guesses made at once count as well. Hits
// cost nothing. Memory is bounded by limits::kMissCounters; a full table refuses new accounts' misses rather than
// forgetting old ones. Thread-safe.
class MissLimiter {
 public:
  explicit MissLimiter(const Clock& clock) : clock_(clock) {}

  // Counts a try. RATE_LIMITED with the time to wait while the account has used its misses up.
  absl::Status Try(const std::string& partition) ABSL_LOCKS_EXCLUDED(mutex_);
  // The try hit, or never came to an answer: it counts no longer.
  void TakeBack(const std::string& partition) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Window {
    int64_t start_ms = 0;
    uint32_t misses = 0;
  };
  bool Over(const Window& window, int64_t now_ms) const;

  const Clock& clock_;
  absl::Mutex mutex_;
  absl::flat_hash_map<std::string, Window> windows_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_HANDLERS_MISS_LIMITER_H_
