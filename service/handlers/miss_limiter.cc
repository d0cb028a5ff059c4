#include "service/handlers/miss_limiter.h"

#include "common/errors.h"
#include "common/limits.h"

namespace labyrinth::service {

bool MissLimiter::Over(const Window& window, int64_t now_ms) const {
  return now_ms >= window.start_ms + limits::kVirtualDeviceMissWindowMs;
}

absl::Status MissLimiter::Try(const std::string& partition) {
  const int64_t now_ms = clock_.NowMs();
  const absl::MutexLock lock(&mutex_);
  const auto known = windows_.find(partition);
  if (known == windows_.end() && windows_.size() >= limits::kMissCounters) {
    absl::erase_if(windows_, [&](const auto& entry) { return Over(entry.second, now_ms); });
    if (windows_.size() >= limits::kMissCounters) {
      return errors::RateLimited("virtual_device_misses", limits::kVirtualDeviceMissWindowMs);
    }
  }
  Window& window = windows_[partition];
  if (window.misses == 0 || Over(window, now_ms)) window = {now_ms, 0};
  if (window.misses >= limits::kVirtualDeviceMisses) {
    return errors::RateLimited("virtual_device_misses", window.start_ms + limits::kVirtualDeviceMissWindowMs - now_ms);
  }
  ++window.misses;
  return absl::OkStatus();
}

void MissLimiter::TakeBack(const std::string& partition) {
  const absl::MutexLock lock(&mutex_);
  const auto window = windows_.find(partition);
  if (window == windows_.end() || --window->second.misses > 0) return;
  windows_.erase(window);
}

}  // namespace labyrinth::service
