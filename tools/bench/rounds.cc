#include "tools/bench/rounds.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <thread>

namespace labyrinth::bench {
namespace {

// Neighbours of a virtual machine come in bursts: a slice waits a little longer for its quiet each time.
constexpr int kTriesPerSlice = 8;
constexpr std::chrono::milliseconds kPause{500};

std::string Describe(const Busyness& busyness) {
  return fmt::format(
      "other processes use {:.0f}% of the processors and the machine below takes {:.0f}% (bounds: {:.0f}% and {:.0f}%)",
      busyness.others * 100, busyness.steal * 100, kOthersBound * 100, kStealBound * 100);
}

}  // namespace

void Rounds::Note(const Busyness& busyness) {
  worst_.others = std::max(worst_.others, busyness.others);
  worst_.steal = std::max(worst_.steal, busyness.steal);
}

absl::Status Rounds::CheckQuiet() {
  const Sample before = TakeSample();
  std::this_thread::sleep_for(std::chrono::seconds(1));  // what is measured is this second
  const Busyness busyness = Between(before, TakeSample());
  if (!IsBusy(busyness)) return absl::OkStatus();
  if (!allow_busy_) {
    return absl::FailedPreconditionError("the machine is busy: " + Describe(busyness) +
                                         "; --allow-busy measures all the same, and says so");
  }
  Note(busyness);
  return absl::OkStatus();
}

absl::StatusOr<double> Rounds::Slice(const Contender& contender) {
  Busyness busyness;
  for (int i = 0; i < kTriesPerSlice; ++i) {
    const Sample before = TakeSample();
    const absl::StatusOr<double> value = contender.measure();
    if (!value.ok()) {
      return absl::Status(value.status().code(),
                          fmt::format("{}: {}", contender.label, std::string(value.status().message())));
    }
    busyness = Between(before, TakeSample());
    if (allow_busy_ || !IsBusy(busyness)) {
      Note(busyness);
      return value;
    }
    ++repeated_;
    std::this_thread::sleep_for(kPause * (i + 1));
  }
  return absl::AbortedError("the machine became busy: " + Describe(busyness));
}

absl::StatusOr<std::vector<Series>> Rounds::Run(const std::vector<Contender>& contenders) {
  std::vector<Series> all;
  for (const Contender& contender : contenders) all.push_back({contender.label, contender.unit, {}});
  for (int round = 0; round < count_; ++round) {
    for (std::size_t i = 0; i < contenders.size(); ++i) {
      const std::size_t which = (i + static_cast<std::size_t>(round)) % contenders.size();
      const auto value = Slice(contenders[which]);
      if (!value.ok()) return value.status();
      all[which].rounds.push_back(*value);
    }
  }
  return all;
}

}  // namespace labyrinth::bench
