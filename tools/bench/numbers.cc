#include "tools/bench/numbers.h"

#include <fmt/format.h>

#include <cmath>
#include <cstddef>

#include "tools/bench/stats.h"

namespace labyrinth::bench {
namespace {

std::string InGroups(double value) {
  const std::string digits = fmt::format("{:.0f}", value);
  std::string out;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += ',';
    out += digits[i];
  }
  return out;
}

}  // namespace

std::string Number(double value) {
  if (std::abs(value) >= 1000) return InGroups(value);
  return fmt::format("{:.{}f}", value, std::abs(value) >= 100 ? 0 : std::abs(value) >= 10 ? 1 : 3);
}

std::string RoundNumber(double value) {
  return std::abs(value) >= 1000 ? InGroups(value) : fmt::format("{:.6g}", value);
}

std::string WithUnit(const Series& series) {
  return fmt::format("{} {}", Number(Summarise(series.rounds).median), series.unit);
}

}  // namespace labyrinth::bench
