// The result as a page to read.
#ifndef LABYRINTH_TOOLS_BENCH_HTML_REPORT_H_
#define LABYRINTH_TOOLS_BENCH_HTML_REPORT_H_

#include <string>

#include "tools/bench/report.h"

namespace labyrinth::bench {

// One file of HTML that needs nothing else: no scripts, nothing from elsewhere.
std::string ToHtml(const Report& report);

}  // namespace labyrinth::bench

#endif  // LABYRINTH_TOOLS_BENCH_HTML_REPORT_H_
