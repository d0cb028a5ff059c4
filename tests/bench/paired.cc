#include "tests/bench/paired.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <vector>

namespace labyrinth::bench {
namespace {

constexpr int kRounds = 41;
constexpr std::chrono::duration<double, std::micro> kRoundTime{20'000};

using Clock = std::chrono::steady_clock;

double TimeMicros(absl::FunctionRef<void()> work, int times) {
  const auto start = Clock::now();
  for (int i = 0; i < times; ++i) work();
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count() / times;
}

// So many repetitions that a round is long against the clock's resolution.
int TimesPerRound(absl::FunctionRef<void()> work) {
  TimeMicros(work, 1);  // warm
  return std::max(1, static_cast<int>(kRoundTime.count() / TimeMicros(work, 3)));
}

struct Summary {
  double median, spread;
};

Summary Summarise(std::vector<double> times) {
  std::sort(times.begin(), times.end());
  const double median = times[times.size() / 2];
  return {median, (times[times.size() * 3 / 4] - times[times.size() / 4]) / median};
}

}  // namespace

void PrintHeading() {
  fmt::print("{:<34} {:>12} {:>7} {:>12} {:>7} {:>6}\n", "work", "us", "spread", "floor us", "spread", "ratio");
}

void Compare(std::string_view name, absl::FunctionRef<void()> work, absl::FunctionRef<void()> floor) {
  const int work_times = TimesPerRound(work);
  const int floor_times = TimesPerRound(floor);
  std::vector<double> work_us, floor_us;
  for (int round = 0; round < kRounds; ++round) {
    work_us.push_back(TimeMicros(work, work_times));
    floor_us.push_back(TimeMicros(floor, floor_times));
  }
  const Summary ours = Summarise(work_us), theirs = Summarise(floor_us);
  fmt::print("{:<34} {:>12.2f} {:>6.1f}% {:>12.2f} {:>6.1f}% {:>6.2f}\n", name, ours.median, ours.spread * 100,
             theirs.median, theirs.spread * 100, theirs.median / ours.median);
}

}  // namespace labyrinth::bench
