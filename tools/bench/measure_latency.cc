// How long a call takes when the server isn't driven to its limit.
#include <chrono>
#include <limits>
#include <memory>
#include <utility>

#include "tools/bench/experiment.h"

namespace labyrinth::bench {
namespace {

constexpr int kMailboxes = 64;
constexpr int kThreads = 10;
constexpr int kMessagesEach = 2000;
constexpr int kPageSize = 50;
// So many calls may be late at once.
constexpr int kSlots = 1024;
constexpr int kFullInFlight = 64;

absl::StatusOr<Mailboxes> NewMailboxes(Bench& bench) {
  auto mailboxes = bench.NewMailboxes(kMailboxes, kThreads);
  if (!mailboxes.ok()) return mailboxes;
  const auto server = bench.server();
  if (absl::Status status = (*server)->Fill(*mailboxes, kMessagesEach, 100, kMailboxes); !status.ok()) return status;
  return mailboxes;
}

// Saves into the mailboxes, or pages of them.
class OpenLoad {
 public:
  // Measures the highest rate first.
  static absl::StatusOr<OpenLoad> Make(Bench& bench, const Mailboxes& mailboxes, bool save) {
    const auto server = bench.server();
    const auto slots = [&](int in_flight) {
      const Channels& channels = (*server)->channels();
      return save ? SaveSlots(channels, mailboxes, in_flight, 1)
                  : PageSlots(channels, mailboxes, in_flight, PageOf::kNewestOfThread, kPageSize, kMessagesEach);
    };
    const std::chrono::duration<double> time(bench.slice_seconds());
    const auto highest = ClosedLoop(slots(kFullInFlight), time);
    if (!highest.ok()) return highest.status();
    return OpenLoad(std::make_shared<Slots>(slots(kSlots)), highest->rate(), time);
  }

  // The percentile of the times of calls, ms, of which one begins at a time at a `share` of the highest rate.
  Contender Latency(std::string label, double share, double percent) const {
    return {std::move(label), "ms",
            [slots = slots_, time = time_, rate = highest_ * share, percent]() -> absl::StatusOr<double> {
              const auto load = OpenLoop(*slots, rate, time);
              if (!load.ok()) return load.status();
              return Percentile(load->latencies_us, percent) / 1000;
            }};
  }

 private:
  OpenLoad(std::shared_ptr<Slots> slots, double highest, std::chrono::duration<double> time)
      : slots_(std::move(slots)), highest_(highest), time_(time) {}

  std::shared_ptr<Slots> slots_;
  double highest_;  // calls a second
  std::chrono::duration<double> time_;
};

// A rate that the server can't keep up with is no error of the run: the calls would take for ever.
Contender OrForEver(Contender contender) {
  contender.measure = [measure = std::move(contender.measure)]() -> absl::StatusOr<double> {
    const auto ms = measure();
    if (absl::IsResourceExhausted(ms.status())) return std::numeric_limits<double>::infinity();
    return ms;
  };
  return contender;
}

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
  const auto mailboxes = NewMailboxes(bench);
  if (!mailboxes.ok()) return mailboxes.status();
  for (const bool save : {true, false}) {
    const std::string name = save ? "save" : "page";
    if (!experiment.Needs(name + " 50") && !experiment.Needs(name + " 99")) continue;
    const auto load = OpenLoad::Make(bench, *mailboxes, save);
    if (!load.ok()) return load.status();
    for (const int percent : {50, 99}) {
      experiment.Add(name + " " + std::to_string(percent), [&] { return load->Latency("labyrinthd", 0.5, percent); });
    }
  }
  return experiment.Run();
}

absl::Status MeasureByLoad(Bench& bench) {
  const auto curve = [](const std::string& name, const std::string& what) {
    return Curve{.name = name,
                 .title = what + ", one begun at a time, whatever is late; a line ends where the server can't keep up",
                 .x_label = "share of the highest rate (64 in flight)",
                 .y_label = "ms"};
  };
  Sweep saves(bench, curve("save_latency_by_load", "time of a save, 64 mailboxes"));
  Sweep pages(bench, curve("page_latency_by_load", "time of a page of 50, 64 mailboxes"));
  if (!saves.Wanted() && !pages.Wanted()) return absl::OkStatus();
  const auto mailboxes = NewMailboxes(bench);
  if (!mailboxes.ok()) return mailboxes.status();
  for (Sweep* sweep : {&saves, &pages}) {
    if (!sweep->Wanted()) continue;
    const auto load = OpenLoad::Make(bench, *mailboxes, /*save=*/sweep == &saves);
    if (!load.ok()) return load.status();
    for (const double share : {0.1, 0.25, 0.5, 0.7, 0.9}) {
      sweep->Add(share, OrForEver(load->Latency("p50", share, 50)));
      sweep->Add(share, OrForEver(load->Latency("p99", share, 99)));
    }
    if (absl::Status status = sweep->Run(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace labyrinth::bench
