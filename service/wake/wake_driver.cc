#include "service/wake/wake_driver.h"

#include <algorithm>
#include <utility>

#include "absl/synchronization/notification.h"

namespace labyrinth::service {

// A round's wakes on their way. Shared with their callbacks.
struct WakeDriver::Flight {
  absl::Mutex mutex;
  std::size_t aloft ABSL_GUARDED_BY(mutex) = 0;
  std::vector<std::pair<std::string, absl::Status>> failures ABSL_GUARDED_BY(mutex);
};

void WakeDriver::Stop() {
  const absl::MutexLock lock(&mutex_);
  stopping_ = true;
}

Wakeful* WakeDriver::OwnerOf(std::string_view partition) const {
  const auto owner =
      std::find_if(owners_.begin(), owners_.end(), [&](const Wakeful* one) { return one->Owns(partition); });
  return owner == owners_.end() ? nullptr : *owner;
}

absl::StatusOr<std::vector<WakeDriver::Target>> WakeDriver::Targets() {
  const int64_t now_ms = clock_.NowMs();
  // Also what a clock that stepped back would keep for longer.
  absl::erase_if(retry_at_ms_,
                 [now_ms](const auto& entry) { return entry.second <= now_ms || entry.second > now_ms + kRetryMs; });
  for (std::size_t limit = kPerRound;; limit *= 4) {
    absl::StatusOr<std::vector<storage::DuePartition>> due;
    absl::Notification answered;
    engine_.Due(now_ms, limit, [&](auto result) {
      due = std::move(result);
      answered.Notify();
    });
    answered.WaitForNotification();
    if (!due.ok()) return due.status();
    std::vector<Target> targets;
    for (storage::DuePartition& entry : *due) {
      Wakeful* owner = OwnerOf(entry.partition);
      if (owner == nullptr || retry_at_ms_.contains(entry.partition)) continue;
      if (targets.size() < kPerRound) targets.push_back({owner, std::move(entry.partition)});
    }
    if (!targets.empty() || due->size() < limit || limit >= kMostDue) return targets;
  }
}

WakeRound WakeDriver::RunOnce() {
  const absl::MutexLock round_lock(&round_mutex_);
  WakeRound round;
  const auto targets = Targets();
  if (!targets.ok()) {
    round.error = targets.status();
    report_(round);
    return round;
  }
  const auto flight = std::make_shared<Flight>();
  const absl::Time deadline = absl::FromUnixMillis(clock_.NowMs()) + kWakeTimeout;
  for (const Target& target : *targets) {
    {
      const absl::MutexLock lock(&mutex_);
      if (stopping_) break;
    }
    {
      const absl::MutexLock lock(&flight->mutex);
      const auto room = [&flight]() ABSL_SHARED_LOCKS_REQUIRED(flight->mutex) { return flight->aloft < kAtOnce; };
      flight->mutex.Await(absl::Condition(&room));
      ++flight->aloft;
    }
    ++round.woken;
    target.owner->Wake(target.partition, deadline, [flight, partition = target.partition](absl::Status status) {
      const absl::MutexLock lock(&flight->mutex);
      if (!status.ok()) flight->failures.emplace_back(partition, std::move(status));
      --flight->aloft;
    });
  }
  const absl::MutexLock lock(&flight->mutex);
  const auto landed = [&flight]() ABSL_SHARED_LOCKS_REQUIRED(flight->mutex) { return flight->aloft == 0; };
  flight->mutex.Await(absl::Condition(&landed));
  round.failed = flight->failures.size();
  if (round.failed > 0) round.error = flight->failures.front().second;
  for (const auto& [partition, status] : flight->failures) retry_at_ms_[partition] = clock_.NowMs() + kRetryMs;
  if (round.woken > 0) report_(round);
  return round;
}

}  // namespace labyrinth::service
