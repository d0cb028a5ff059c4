// How one number depends on another, as measured.
#ifndef LABYRINTH_TOOLS_BENCH_CURVE_H_
#define LABYRINTH_TOOLS_BENCH_CURVE_H_

#include <string>
#include <vector>

#include "tools/bench/row.h"
#include "tools/bench/stats.h"

namespace labyrinth::bench {

struct CurvePoint {
  double x = 0;
  Summary y;  // of the rounds
};

struct CurveLine {
  std::string label;               // "empty gRPC"
  std::vector<CurvePoint> points;  // by ascending x
};

struct Curve {
  std::string name;     // "page_by_size"
  std::string title;    // "time of the newest 50 of a thread, by the mailbox's size"
  std::string x_label;  // "messages in the mailbox"
  std::string y_label;  // "us/page"
  bool log_x = false;   // whether x is drawn as its logarithm: every x is above 0 then
  std::vector<CurveLine> lines = {};
};

// What was measured at each `x` (as many as series), as a line for each label, in the order of their first points. A
// line ends before its first point that has an infinite round: there it came to no number.
std::vector<CurveLine> LinesOf(const std::vector<double>& x, const std::vector<Series>& series);

}  // namespace labyrinth::bench

#endif  // LABYRINTH_TOOLS_BENCH_CURVE_H_
