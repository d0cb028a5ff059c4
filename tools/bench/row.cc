#include "tools/bench/row.h"

namespace labyrinth::bench {

bool IsWorse(const Summary& earlier, const Summary& now, bool higher_is_better, double tolerance) {
  const double step = tolerance * earlier.median;
  if (higher_is_better) return now.high < earlier.low && now.median < earlier.median - step;
  return now.low > earlier.high && now.median > earlier.median + step;
}

}  // namespace labyrinth::bench
