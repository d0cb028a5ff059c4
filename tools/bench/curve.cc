#include "tools/bench/curve.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <set>

namespace labyrinth::bench {

std::vector<CurveLine> LinesOf(const std::vector<double>& x, const std::vector<Series>& series) {
  std::vector<CurveLine> lines;
  std::set<std::string> ended;
  for (std::size_t i = 0; i < series.size(); ++i) {
    const std::string& label = series[i].label;
    auto line = std::find_if(lines.begin(), lines.end(), [&](const CurveLine& of) { return of.label == label; });
    if (line == lines.end()) line = lines.insert(line, {label, {}});
    const Summary y = Summarise(series[i].rounds);
    if (!std::isfinite(y.high)) ended.insert(label);
    if (ended.count(label) == 0) line->points.push_back({x[i], y});
  }
  return lines;
}

}  // namespace labyrinth::bench
