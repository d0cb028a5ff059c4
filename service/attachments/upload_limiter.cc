#include "service/attachments/upload_limiter.h"

#include "common/errors.h"
#include "common/limits.h"

namespace labyrinth::attachments {

absl::Status UploadLimiter::Try(const std::string& partition, uint64_t size_bytes) {
  const int64_t now_ms = clock_.NowMs();
  // Also one from before the clock stepped back.
  const auto over = [now_ms](const Window& window) {
    return now_ms >= window.start_ms + limits::kUploadWindowMs || now_ms < window.start_ms;
  };
  const absl::MutexLock lock(&mutex_);
  if (!windows_.contains(partition) && windows_.size() >= limits::kMissCounters) {
    absl::erase_if(windows_, [&](const auto& entry) { return over(entry.second); });
    if (windows_.size() >= limits::kMissCounters) {
      return errors::RateLimited("uploads_per_hour", limits::kUploadWindowMs);
    }
  }
  Window& window = windows_[partition];
  if (window.uploads == 0 || over(window)) window = {now_ms, 0, 0};
  const int64_t left_ms = window.start_ms + limits::kUploadWindowMs - now_ms;
  if (window.uploads >= limits::kUploadsPerHour) return errors::RateLimited("uploads_per_hour", left_ms);
  if (size_bytes > limits::kUploadBytesPerHour - window.bytes) {
    return errors::RateLimited("upload_bytes_per_hour", left_ms);
  }
  ++window.uploads;
  window.bytes += size_bytes;
  return absl::OkStatus();
}

}  // namespace labyrinth::attachments
