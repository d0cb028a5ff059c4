#include "client/enrollment/counters.h"

#include <algorithm>

namespace labyrinth::client {
namespace {

// The times that count at `now_ms`, ascending.
std::vector<int64_t> Recent(const Allowance& allowance, const std::vector<int64_t>& times_ms, int64_t now_ms) {
  std::vector<int64_t> recent;
  for (const int64_t at_ms : times_ms) {
    if (at_ms > now_ms - allowance.window_ms) recent.push_back(std::min(at_ms, now_ms));
  }
  std::sort(recent.begin(), recent.end());
  return recent;
}

}  // namespace

int LeftOf(const Allowance& allowance, const std::vector<int64_t>& times_ms, int64_t now_ms) {
  return std::max(allowance.count - static_cast<int>(Recent(allowance, times_ms, now_ms).size()), 0);
}

int64_t WaitMs(const Allowance& allowance, const std::vector<int64_t>& times_ms, int64_t now_ms) {
  const std::vector<int64_t> recent = Recent(allowance, times_ms, now_ms);
  const auto count = static_cast<std::size_t>(allowance.count);
  if (recent.size() < count) return 0;
  return recent[recent.size() - count] + allowance.window_ms - now_ms;
}

void Count(const Allowance& allowance, std::vector<int64_t>& times_ms, int64_t now_ms) {
  times_ms = Recent(allowance, times_ms, now_ms);
  times_ms.push_back(now_ms);
}

}  // namespace labyrinth::client
