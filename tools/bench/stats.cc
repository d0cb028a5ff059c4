#include "tools/bench/stats.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace labyrinth::bench {

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

double Percentile(std::vector<double> values, double percent) {
  const double rank = std::ceil(percent * static_cast<double>(values.size()) / 100);
  const std::size_t index = std::clamp<std::size_t>(static_cast<std::size_t>(rank), 1, values.size()) - 1;
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(index), values.end());
  return values[index];
}

Summary Summarise(const std::vector<double>& rounds) {
  const auto [low, high] = std::minmax_element(rounds.begin(), rounds.end());
  return {Median(rounds), *low, *high};
}

std::vector<double> Ratios(const std::vector<double>& ours, const std::vector<double>& floor) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < ours.size(); ++i) ratios.push_back(ours[i] / floor[i]);
  return ratios;
}

}  // namespace labyrinth::bench
