// How much may be uploaded.
#ifndef LABYRINTH_SERVICE_ATTACHMENTS_UPLOAD_LIMITER_H_
#define LABYRINTH_SERVICE_ATTACHMENTS_UPLOAD_LIMITER_H_

#include <cstdint>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "common/clock.h"

namespace labyrinth::attachments {

// Counts a mailbox's new uploads and their bytes in a window of limits::kUploadWindowMs, on this node. What is stored
// says nothing of mailboxes, so this is all that holds one back. Memory is bounded by limits::kMissCounters mailboxes;
// a full table refuses further ones rather than forgetting. Thread-safe.
class UploadLimiter {
 public:
  explicit UploadLimiter(const Clock& clock) : clock_(clock) {}

  // Counts an upload about to begin. RATE_LIMITED (uploads_per_hour, upload_bytes_per_hour) with the time to wait, and
  // then it isn't counted.
  absl::Status Try(const std::string& partition, uint64_t size_bytes) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Window {
    int64_t start_ms = 0;
    uint32_t uploads = 0;
    uint64_t bytes = 0;
  };

  const Clock& clock_;
  absl::Mutex mutex_;
  absl::flat_hash_map<std::string, Window> windows_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace labyrinth::attachments

#endif  // LABYRINTH_SERVICE_ATTACHMENTS_UPLOAD_LIMITER_H_
