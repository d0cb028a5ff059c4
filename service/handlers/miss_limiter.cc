#include "service/handlers/miss_limiter.h"

#include "common/errors.h"
#include "common/limits.h"

namespace labyrinth::service {

bool MissLimiter::Over(const Window& window, int64_t now_ms) const {
  return now_ms >= window.start_ms + limits::kVirtualDeviceMissWindowMs;
}

absl::Status MissLimiter::Check(const std::string& partition) {
  const int64_t now_ms = clock_.NowMs();
  absl::MutexLock lock(&mutex_);
  const auto window = windows_.find(partition);
  if (window == windows_.end()) {
    if (windows_.size() < limits::kMissCounters) return absl::OkStatus();
    absl::erase_if(windows_, [&](const auto& entry) { return Over(entry.second, now_ms); });
    if (windows_.size() < limits::kMissCounters) return absl::OkStatus();
    return errors::RateLimited("virtual_device_misses", limits::kVirtualDeviceMissWindowMs);
  }
  if (Over(window->second, now_ms)) {
    windows_.erase(window);
    return absl::OkStatus();
  }
  if (window->second.misses < limits::kVirtualDeviceMisses) return absl::OkStatus();
  return errors::RateLimited("virtual_device_misses",
                             window->second.start_ms + limits::kVirtualDeviceMissWindowMs - now_ms);
}

void MissLimiter::Miss(const std::string& partition) {
  const int64_t now_ms = clock_.NowMs();
  absl::MutexLock lock(&mutex_);
  Window& window = windows_[partition];
  if (window.misses == 0 || Over(window, now_ms)) window = {now_ms, 0};
  ++window.misses;
}

}  // namespace labyrinth::service
