// The result, for people and for programs.
#ifndef LABYRINTH_TOOLS_BENCH_REPORT_H_
#define LABYRINTH_TOOLS_BENCH_REPORT_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/bench/busy.h"
#include "tools/bench/curve.h"
#include "tools/bench/machine.h"
#include "tools/bench/row.h"

namespace labyrinth::bench {

struct Report {
  Machine machine;
  std::string date;    // "2026-01-31"
  std::string commit;  // with "-dirty" if files differed from it
  bool quick = false;
  bool allow_busy = false;
  int rounds = 0;
  double slice_seconds = 0;
  Busyness worst;    // of the slices that count
  int repeated = 0;  // slices
  std::vector<Row> rows;
  std::vector<Curve> curves;
};

std::string ToTable(const Report& report);
// One object a row and one a curve, by name: {"rows": {"save_vs_grpc": {"value": ..., ...}}, "curves": {...}}.
std::string ToJson(const Report& report);

// A line for each row of `earlier` (a JSON text as above) that got worse than noise explains, or has no value any more.
// Curves are to be looked at, not compared.
// INVALID_ARGUMENT if it isn't one.
absl::StatusOr<std::vector<std::string>> WorseThan(const std::string& earlier, const Report& report);

}  // namespace labyrinth::bench

#endif  // LABYRINTH_TOOLS_BENCH_REPORT_H_
