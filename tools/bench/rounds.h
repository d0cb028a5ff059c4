// Contenders in turn, on a quiet machine.
#ifndef LABYRINTH_TOOLS_BENCH_ROUNDS_H_
#define LABYRINTH_TOOLS_BENCH_ROUNDS_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/bench/busy.h"
#include "tools/bench/row.h"

namespace labyrinth::bench {

struct Contender {
  std::string label;
  std::string unit;
  std::function<absl::StatusOr<double>()> measure;  // one slice
};

// Not thread-safe.
class Rounds {
 public:
  // `allow_busy`: what others use is noted, and nothing more.
  Rounds(int count, bool allow_busy) : count_(count), allow_busy_(allow_busy) {}

  // Looks at the machine for a second; FAILED_PRECONDITION if it is busy.
  absl::Status CheckQuiet();

  // Measures each contender `count` times, all of a round one after the other, each round from another one on. A slice
  // that others disturbed is measured again; ABORTED if that happens too often, as the machine isn't quiet then. Any
  // other error is a contender's.
  absl::StatusOr<std::vector<Series>> Run(const std::vector<Contender>& contenders);

  int count() const { return count_; }
  bool allow_busy() const { return allow_busy_; }
  // The busiest that a slice which counts was, and how many were measured again.
  const Busyness& worst() const { return worst_; }
  int repeated() const { return repeated_; }

 private:
  absl::StatusOr<double> Slice(const Contender& contender);
  void Note(const Busyness& busyness);

  const int count_;
  const bool allow_busy_;
  Busyness worst_;
  int repeated_ = 0;
};

}  // namespace labyrinth::bench

#endif  // LABYRINTH_TOOLS_BENCH_ROUNDS_H_
