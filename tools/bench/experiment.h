// Contenders that are measured in turn, and the rows or the curve that come of it.
#ifndef LABYRINTH_TOOLS_BENCH_EXPERIMENT_H_
#define LABYRINTH_TOOLS_BENCH_EXPERIMENT_H_

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/bench/bench.h"

namespace labyrinth::bench {

// What is reported: `value` names a number of `ours`, or with a floor their ratio.
struct Claim {
  std::string row;
  std::string title;
  std::string ours;   // contenders' names
  std::string floor;  // empty: none
  std::optional<double> target = {};
  bool higher_is_better = true;
};

// Only what a wanted row needs is made and measured. Not thread-safe.
class Experiment {
 public:
  Experiment(Bench& bench, std::vector<Claim> claims);

  // Whether any of its rows is wanted; else there is nothing to do.
  bool Wanted() const { return !claims_.empty(); }
  bool Needs(const std::string& contender) const;

  // Adds one, if it is needed.
  void Add(const std::string& name, const std::function<Contender()>& make);
  // One that can't take part: the rows that need it say why.
  void Refuse(const std::string& name, const absl::Status& why);

  // Measures, and gives the rows to the bench.
  absl::Status Run();

 private:
  Bench& bench_;
  std::vector<Claim> claims_;
  std::vector<std::string> names_;
  std::vector<Contender> contenders_;
};

// The points of a curve. Not thread-safe.
class Sweep {
 public:
  // `curve` has no lines yet.
  Sweep(Bench& bench, Curve curve) : bench_(bench), curve_(std::move(curve)) {}

  bool Wanted() const { return bench_.Wants(curve_.name); }

  // A point of the line that has the contender's label. A line's points are added by ascending x.
  void Add(double x, Contender contender);

  // Measures, and gives the curve to the bench; nothing if it isn't wanted. A contender whose slice comes to no number
  // may return infinity: its line ends there (curve.h).
  absl::Status Run();

 private:
  Bench& bench_;
  Curve curve_;
  std::vector<double> x_;
  std::vector<Contender> contenders_;
};

}  // namespace labyrinth::bench

#endif  // LABYRINTH_TOOLS_BENCH_EXPERIMENT_H_
