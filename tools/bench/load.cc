#include "tools/bench/load.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace labyrinth::bench {
namespace {

using Clock = std::chrono::steady_clock;

double Micros(Clock::duration duration) { return std::chrono::duration<double, std::micro>(duration).count(); }

// What all loops of one load share.
struct Shared {
  explicit Shared(Clock::time_point end) : end(end) {}

  const Clock::time_point end;
  absl::Mutex mutex;
  int running ABSL_GUARDED_BY(mutex) = 0;
  absl::Status error ABSL_GUARDED_BY(mutex);

  bool Failed() ABSL_LOCKS_EXCLUDED(mutex) {
    const absl::MutexLock lock(&mutex);
    return !error.ok();
  }
  void Fail(absl::Status status) ABSL_LOCKS_EXCLUDED(mutex) {
    const absl::MutexLock lock(&mutex);
    if (error.ok()) error = std::move(status);
  }
  void Begin() ABSL_LOCKS_EXCLUDED(mutex) {
    const absl::MutexLock lock(&mutex);
    ++running;
  }
  void End() ABSL_LOCKS_EXCLUDED(mutex) {
    const absl::MutexLock lock(&mutex);
    --running;
  }
  // Calls have deadlines, so this ends.
  absl::Status Wait() ABSL_LOCKS_EXCLUDED(mutex) {
    const absl::MutexLock lock(&mutex);
    const auto idle = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex) { return running == 0; };
    mutex.Await(absl::Condition(&idle));
    return error;
  }
};

// One slot's calls, one after the other.
class Loop {
 public:
  Loop(Slot& slot, Shared& shared, uint64_t most) : slot_(slot), shared_(shared), most_(most) {}

  void Next() {
    begun_ = Clock::now();
    slot_.Start([this](absl::Status status) { Ended(std::move(status)); });
  }

  uint64_t calls = 0;
  std::vector<double> latencies_us;

 private:
  void Ended(absl::Status status) {
    const auto now = Clock::now();
    const bool ok = status.ok();
    if (!ok) shared_.Fail(std::move(status));
    latencies_us.push_back(Micros(now - begun_));
    if (now < shared_.end) ++calls;
    // Looking for a failure elsewhere in every call would be a lock that all share.
    const bool look = calls % 64 == 0 && shared_.Failed();
    if (!ok || look || now >= shared_.end || calls == most_) return shared_.End();
    Next();
  }

  Slot& slot_;
  Shared& shared_;
  const uint64_t most_;
  Clock::time_point begun_;
};

absl::StatusOr<LoadResult> Run(const Slots& slots, uint64_t calls_per_slot, std::chrono::duration<double> time) {
  const auto start = Clock::now();
  Shared shared(start + std::chrono::duration_cast<Clock::duration>(time));
  std::vector<std::unique_ptr<Loop>> loops;
  for (const auto& slot : slots) loops.push_back(std::make_unique<Loop>(*slot, shared, calls_per_slot));
  for (const auto& loop : loops) {
    shared.Begin();
    loop->Next();
  }
  if (absl::Status status = shared.Wait(); !status.ok()) return status;
  LoadResult result;
  result.seconds = std::min(time, std::chrono::duration<double>(Clock::now() - start)).count();
  for (const auto& loop : loops) {
    result.calls += loop->calls;
    result.latencies_us.insert(result.latencies_us.end(), loop->latencies_us.begin(), loop->latencies_us.end());
  }
  return result;
}

}  // namespace

absl::StatusOr<LoadResult> ClosedLoop(const Slots& slots, std::chrono::duration<double> time) {
  return Run(slots, std::numeric_limits<uint64_t>::max(), time);
}

absl::StatusOr<LoadResult> ClosedLoopOf(const Slots& slots, uint64_t calls_per_slot,
                                        std::chrono::duration<double> timeout) {
  auto result = Run(slots, calls_per_slot, timeout);
  if (!result.ok()) return result.status();
  if (result->calls != slots.size() * calls_per_slot) {
    return absl::DeadlineExceededError(
        fmt::format("only {} of {} calls in {:.0f} s", result->calls, slots.size() * calls_per_slot, timeout.count()));
  }
  return result;
}

absl::StatusOr<LoadResult> OpenLoop(const Slots& slots, double per_second, std::chrono::duration<double> time) {
  const auto start = Clock::now();
  Shared shared(start + std::chrono::duration_cast<Clock::duration>(time));
  absl::Mutex mutex;
  std::vector<Slot*> idle;
  for (const auto& slot : slots) idle.push_back(slot.get());
  LoadResult result;
  result.seconds = time.count();
  for (uint64_t i = 0;; ++i) {
    const auto due = start + std::chrono::duration_cast<Clock::duration>(
                                 std::chrono::duration<double>(static_cast<double>(i) / per_second));
    if (due >= shared.end || shared.Failed()) break;
    std::this_thread::sleep_until(due);
    Slot* slot = nullptr;
    {
      const absl::MutexLock lock(&mutex);
      if (!idle.empty()) {
        slot = idle.back();
        idle.pop_back();
      }
    }
    if (slot == nullptr) {
      shared.Fail(absl::ResourceExhaustedError(
          fmt::format("{} calls were in flight at {:.0f} a second: it can't keep up", slots.size(), per_second)));
      break;
    }
    shared.Begin();
    slot->Start([&, slot, due](absl::Status status) {
      if (!status.ok()) shared.Fail(std::move(status));
      {
        const absl::MutexLock lock(&mutex);
        const auto now = Clock::now();
        result.latencies_us.push_back(Micros(now - due));
        if (now < shared.end) ++result.calls;
        idle.push_back(slot);
      }
      shared.End();
    });
  }
  if (absl::Status status = shared.Wait(); !status.ok()) return status;
  return result;
}

}  // namespace labyrinth::bench
