// The load generator: so many calls in flight, or so many a second.
#ifndef LABYRINTH_TOOLS_BENCH_LOAD_H_
#define LABYRINTH_TOOLS_BENCH_LOAD_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace labyrinth::bench {

using Done = absl::AnyInvocable<void(absl::Status)>;

// What one call in flight needs, reused from call to call.
class Slot {
 public:
  virtual ~Slot() = default;
  // Starts a call, which has a deadline of its own. When it has ended and its answer was checked, `done` is called, on
  // any thread, perhaps before Start returns. One call at a time.
  virtual void Start(Done done) = 0;
};

using Slots = std::vector<std::unique_ptr<Slot>>;

struct LoadResult {
  uint64_t calls = 0;  // that ended in the time
  double seconds = 0;
  std::vector<double> latencies_us;  // of all calls, those that ended later included
  double rate() const { return static_cast<double>(calls) / seconds; }
};

// Every slot calls again as soon as it has its answer, for `time`. The first failed call, or wrong answer, ends it and
// is returned.
absl::StatusOr<LoadResult> ClosedLoop(const Slots& slots, std::chrono::duration<double> time);

// The same until every slot has made `calls_per_slot` calls; DEADLINE_EXCEEDED if that takes longer than `timeout`.
absl::StatusOr<LoadResult> ClosedLoopOf(const Slots& slots, uint64_t calls_per_slot,
                                        std::chrono::duration<double> timeout);

// Calls begin at a constant rate, whether or not earlier ones have ended: a latency counts from when its call was due,
// so that a stall shows in all the calls that it delays. RESOURCE_EXHAUSTED if all slots are in use when one is due.
absl::StatusOr<LoadResult> OpenLoop(const Slots& slots, double per_second, std::chrono::duration<double> time);

}  // namespace labyrinth::bench

#endif  // LABYRINTH_TOOLS_BENCH_LOAD_H_
