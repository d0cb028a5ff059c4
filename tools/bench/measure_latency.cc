// How long a call takes when the server isn't driven to its limit.
#include <chrono>

#include "tools/bench/experiment.h"

namespace labyrinth::bench {
namespace {

constexpr int kMailboxes = 64;
constexpr int kThreads = 10;
constexpr int kMessagesEach = 2000;
// So many calls may be late at once.
constexpr int kSlots = 1024;
constexpr int kFullInFlight = 64;

std::chrono::duration<double> Seconds(double seconds) { return std::chrono::duration<double>(seconds); }

}  // namespace

absl::Status MeasureLatency(Bench& bench) {
  const std::string how = ", ms, one begun at a time at half of the highest rate (64 in flight), whatever is late";
  Experiment experiment(bench, {
                                   {"save_p50_ms", "save, median" + how, "save 50", "", {}, false},
                                   {"save_p99_ms", "save, 99th percentile" + how, "save 99", "", 10, false},
                                   {"page_p50_ms", "page of 50, median" + how, "page 50", "", {}, false},
                                   {"page_p99_ms", "page of 50, 99th percentile" + how, "page 99", "", 10, false},
                               });
  if (!experiment.Wanted()) return absl::OkStatus();
  const auto mailboxes = bench.NewMailboxes(kMailboxes, kThreads);
  if (!mailboxes.ok()) return mailboxes.status();
  const auto server = bench.server();
  const Channels& channels = (*server)->channels();
  if (absl::Status status = (*server)->Fill(*mailboxes, kMessagesEach, 100, kMailboxes); !status.ok()) return status;

  const auto slots = [&](bool save, int in_flight) {
    return save ? SaveSlots(channels, *mailboxes, in_flight, 1)
                : PageSlots(channels, *mailboxes, in_flight, PageOf::kNewestOfThread, 50, kMessagesEach);
  };
  for (const bool save : {true, false}) {
    const std::string name = save ? "save" : "page";
    if (!experiment.Needs(name + " 50") && !experiment.Needs(name + " 99")) continue;
    const auto highest = ClosedLoop(slots(save, kFullInFlight), Seconds(bench.slice_seconds()));
    if (!highest.ok()) return highest.status();
    const double rate = highest->rate() / 2;
    const auto open = std::make_shared<Slots>(slots(save, kSlots));
    for (const int percent : {50, 99}) {
      experiment.Add(name + " " + std::to_string(percent), [&] {
        return Contender{"labyrinthd", "ms", [=, time = Seconds(bench.slice_seconds())]() -> absl::StatusOr<double> {
                           const auto load = OpenLoop(*open, rate, time);
                           if (!load.ok()) return load.status();
                           return Percentile(load->latencies_us, percent) / 1000;
                         }};
      });
    }
  }
  return experiment.Run();
}

}  // namespace labyrinth::bench
