// The arithmetic of measurements.
#ifndef LABYRINTH_TOOLS_BENCH_STATS_H_
#define LABYRINTH_TOOLS_BENCH_STATS_H_

#include <vector>

namespace labyrinth::bench {

// The middle value; of an even number of values, the mean of the two in the middle. `values` isn't empty.
double Median(std::vector<double> values);

// Nearest rank: the smallest value that at least `percent` of a hundred values don't exceed. `values` isn't empty, and
// 0 < percent <= 100.
double Percentile(std::vector<double> values, double percent);

// What several rounds came to.
struct Summary {
  double median = 0;
  double low = 0;  // the lowest and the highest round
  double high = 0;

  // From the lowest to the highest round, as a share of the median.
  double spread() const { return median == 0 ? 0 : (high - low) / median; }
  friend bool operator==(const Summary&, const Summary&) = default;
};

// `rounds` isn't empty.
Summary Summarise(const std::vector<double>& rounds);

// Round by round, since both of a round saw the same machine: a moment that slows both leaves their ratio alone. As
// many of each, and no floor is 0.
std::vector<double> Ratios(const std::vector<double>& ours, const std::vector<double>& floor);

}  // namespace labyrinth::bench

#endif  // LABYRINTH_TOOLS_BENCH_STATS_H_
