// Curves, drawn.
#ifndef LABYRINTH_TOOLS_BENCH_PLOT_H_
#define LABYRINTH_TOOLS_BENCH_PLOT_H_

#include <string>
#include <vector>

#include "tools/bench/curve.h"

namespace labyrinth::bench {

// The values that a linear axis is marked at: five or so steps of 1, 2 or 5 times a power of ten, from 0 to `high` or
// the first one beyond. {0, 1} for a `high` that isn't above 0.
std::vector<double> LinearTicks(double high);

// Of a logarithmic axis, 0 < low <= high: the powers of ten from `low` to `high`; twice and five times those as well
// where that gives few; its ends if there is none.
std::vector<double> LogTicks(double low, double high);

// A part of an HTML page: the curve's title, a plot of its lines with the rounds' spread as a band around each, and the
// numbers as a table to unfold. Axes begin at 0, but for a logarithmic one.
std::string ToFigure(const Curve& curve);

// What the page's style says of figures and of the .figures they stand in, in the colours --text, --faint, --grid and
// --line0 to --line5.
extern const char kFigureStyle[];

}  // namespace labyrinth::bench

#endif  // LABYRINTH_TOOLS_BENCH_PLOT_H_
