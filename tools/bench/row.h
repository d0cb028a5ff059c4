// One line of the result.
#ifndef LABYRINTH_TOOLS_BENCH_ROW_H_
#define LABYRINTH_TOOLS_BENCH_ROW_H_

#include <optional>
#include <string>
#include <vector>

#include "tools/bench/stats.h"

namespace labyrinth::bench {

// A number of each round.
struct Series {
  std::string label;  // "PostgreSQL 15"
  std::string unit;   // "saves/s"
  std::vector<double> rounds;
};

struct Row {
  std::string name;   // "save_vs_grpc"
  std::string title;  // "durable saves, one a call, 64 in flight"
  Series ours;
  std::optional<Series> floor = {};
  bool higher_is_better = true;
  std::optional<double> target = {};  // of the value
  std::string refused = {};           // why there is no value; empty: there is one

  // What is reported under the name: the ratio ours / floor, or without a floor our own number.
  Summary Value() const { return Summarise(floor.has_value() ? Ratios(ours.rounds, floor->rounds) : ours.rounds); }
  bool MeetsTarget() const { return higher_is_better ? Value().median >= *target : Value().median <= *target; }
};

// Whether a value got worse than noise explains: no round of one run reaches into the other's, and the medians are
// more than `tolerance` of the earlier one apart.
bool IsWorse(const Summary& earlier, const Summary& now, bool higher_is_better, double tolerance);

}  // namespace labyrinth::bench

#endif  // LABYRINTH_TOOLS_BENCH_ROW_H_
