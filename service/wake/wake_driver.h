// Asks the engine what is due, and has it done.
#ifndef LABYRINTH_SERVICE_WAKE_WAKE_DRIVER_H_
#define LABYRINTH_SERVICE_WAKE_WAKE_DRIVER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "service/wake/wakeful.h"
#include "storage/engine.h"

namespace labyrinth::service {

// What became of one round.
struct WakeRound {
  std::size_t woken = 0;
  std::size_t failed = 0;  // of these
  absl::Status error;      // the first, or why there was no round
};

// A round wakes a bounded number of due partitions, earliest first, few of them at once, each by whoever owns it;
// somebody with a clock calls for one every few seconds. One that failed is left alone for a minute, so that it doesn't
// stand in others' way; due partitions that nobody owns don't either. Thread-safe.
class WakeDriver {
 public:
  static constexpr absl::Duration kWakeTimeout = absl::Seconds(30);
  static constexpr int64_t kRetryMs = 60'000;
  static constexpr std::size_t kPerRound = 256;
  static constexpr std::size_t kAtOnce = 4;
  // How far a round looks past due partitions that aren't to be woken: some 6 MiB of names.
  static constexpr std::size_t kMostDue = 65'536;

  // `owners` and the rest outlive it. `report` hears of rounds that woke something or failed.
  WakeDriver(storage::Engine& engine, const Clock& clock, std::vector<Wakeful*> owners,
             std::function<void(const WakeRound&)> report)
      : engine_(engine), clock_(clock), owners_(std::move(owners)), report_(std::move(report)) {}

  // Wakes nothing more. Doesn't wait; a round that is under way ends once what it woke has answered.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);
  // One round, now, on this thread; waits for it.
  WakeRound RunOnce() ABSL_LOCKS_EXCLUDED(round_mutex_, mutex_);

 private:
  struct Target {
    Wakeful* owner;
    std::string partition;
  };
  struct Flight;

  absl::StatusOr<std::vector<Target>> Targets() ABSL_EXCLUSIVE_LOCKS_REQUIRED(round_mutex_);
  Wakeful* OwnerOf(std::string_view partition) const;

  storage::Engine& engine_;
  const Clock& clock_;
  const std::vector<Wakeful*> owners_;
  const std::function<void(const WakeRound&)> report_;

  absl::Mutex round_mutex_ ABSL_ACQUIRED_BEFORE(mutex_);  // one round at a time
  absl::flat_hash_map<std::string, int64_t> retry_at_ms_ ABSL_GUARDED_BY(round_mutex_);
  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_WAKE_WAKE_DRIVER_H_
