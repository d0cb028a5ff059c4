// How rates and times depend on the mailbox's size, the calls in flight and the messages a call.
#include <algorithm>

#include "tools/bench/experiment.h"
#include "tools/bench/floor_service.h"

namespace labyrinth::bench {
namespace {

constexpr int kMailboxes = 64;
constexpr uint64_t kThreads = 10;
constexpr int kPageSize = 50;
constexpr int kInFlight = 16;
// So small a mailbox grows by a good part in a slice of saves: each slice begins with a new one.
constexpr uint64_t kSmall = 10'000;

// Each has a page of messages at least.
uint64_t ThreadsOf(uint64_t messages) { return std::max<uint64_t>(kThreads, messages / 10'000); }

// Saves into one mailbox that holds `messages` at first.
Contender SavesIntoNew(Bench& bench, uint64_t messages) {
  return {"labyrinthd", "us/save", [&bench, messages]() -> absl::StatusOr<double> {
            const auto mailbox = bench.NewFullMailbox(messages, ThreadsOf(messages));
            if (!mailbox.ok()) return mailbox.status();
            const auto server = bench.server();
            return bench.MicrosPerCall("", "", SaveSlots((*server)->channels(), {*mailbox}, kInFlight, 1)).measure();
          }};
}

using SlotsOf = std::function<Slots(int in_flight)>;

// More and more calls in flight, of the server and of the empty service.
absl::Status SweepInFlight(Bench& bench, Sweep& sweep, const SlotsOf& ours, const SlotsOf& empty) {
  for (const int in_flight : {1, 4, 16, 64, 256}) {
    sweep.Add(in_flight, bench.Full("labyrinthd", "calls/s", ours(in_flight), 1));
    sweep.Add(in_flight, bench.Full("empty gRPC", "calls/s", empty(in_flight), 1));
  }
  return sweep.Run();
}

}  // namespace

absl::Status MeasureBySize(Bench& bench) {
  const std::string x_label = "messages in the mailbox";
  Sweep pages(bench, {.name = "page_by_size",
                      .title = "time of a page of 50 messages of a thread, 16 in flight",
                      .x_label = x_label,
                      .y_label = "us/page",
                      .log_x = true});
  Sweep saves(bench, {.name = "save_by_size",
                      .title = "time of a durable save, 16 in flight into one mailbox that had so many messages before",
                      .x_label = x_label,
                      .y_label = "us/save",
                      .log_x = true});
  if (!pages.Wanted() && !saves.Wanted()) return absl::OkStatus();
  const auto server = bench.server();
  if (!server.ok()) return server.status();
  const Channels& channels = (*server)->channels();
  const uint64_t largest = bench.quick() ? 100'000 : 1'000'000;
  for (uint64_t size = 1000; size <= largest; size *= 10) {
    const auto mailbox = bench.NewFullMailbox(size, ThreadsOf(size));
    if (!mailbox.ok()) return mailbox.status();
    const auto add_pages = [&](const std::string& label, PageOf page) {
      pages.Add(
          static_cast<double>(size),
          bench.MicrosPerCall(label, "us/page", PageSlots(channels, {*mailbox}, kInFlight, page, kPageSize, size)));
    };
    add_pages("its newest", PageOf::kNewestOfThread);
    add_pages("from a random time back", PageOf::kAnywhereInThread);
    saves.Add(static_cast<double>(size),
              size <= kSmall
                  ? SavesIntoNew(bench, size)
                  : bench.MicrosPerCall("labyrinthd", "us/save", SaveSlots(channels, {*mailbox}, kInFlight, 1)));
  }
  // First, while the mailboxes hold what they are drawn at.
  if (absl::Status status = pages.Run(); !status.ok()) return status;
  return saves.Run();
}

absl::Status MeasureByInFlight(Bench& bench) {
  const auto curve = [](const std::string& name, const std::string& what) {
    return Curve{.name = name,
                 .title = what + "; beside an empty gRPC service",
                 .x_label = "calls in flight",
                 .y_label = "calls/s",
                 .log_x = true};
  };
  Sweep saves(bench, curve("save_by_in_flight", "durable saves, 1 KiB, one a call, 64 mailboxes"));
  Sweep pages(bench, curve("page_by_in_flight", "newest 50 of a thread, of 100,000 in 100 threads"));
  if (!saves.Wanted() && !pages.Wanted()) return absl::OkStatus();
  const auto server = bench.server();
  if (!server.ok()) return server.status();
  const auto floor = bench.floor();
  if (!floor.ok()) return floor.status();
  const Channels& channels = (*server)->channels();
  const Channels& floor_channels = (*floor)->channels();
  LoadMailbox nobodys(bench.payload(), kFloorThreads);
  if (saves.Wanted()) {
    const auto mailboxes = bench.NewMailboxes(kMailboxes, kThreads);
    if (!mailboxes.ok()) return mailboxes.status();
    nobodys.session = mailboxes->front()->session;  // as long a header
    const absl::Status status = SweepInFlight(
        bench, saves, [&](int in_flight) { return SaveSlots(channels, *mailboxes, in_flight, 1); },
        [&](int in_flight) { return SaveSlots(floor_channels, {&nobodys}, in_flight, 1); });
    if (!status.ok()) return status;
  }
  if (!pages.Wanted()) return absl::OkStatus();
  const auto mailbox = bench.NewFullMailbox(kFloorMessages, kFloorThreads);
  if (!mailbox.ok()) return mailbox.status();
  nobodys.session = (*mailbox)->session;
  const auto slots = [&](const Channels& to, LoadMailbox* of) {
    return [=, &to](int in_flight) {
      return PageSlots(to, {of}, in_flight, PageOf::kNewestOfThread, kPageSize, kFloorMessages);
    };
  };
  return SweepInFlight(bench, pages, slots(channels, *mailbox), slots(floor_channels, &nobodys));
}

absl::Status MeasureByBatch(Bench& bench) {
  Sweep batches(bench, {.name = "batch_by_size",
                        .title = "durable saves, 1 KiB, 16 in flight, 16 mailboxes",
                        .x_label = "messages a call",
                        .y_label = "messages/s",
                        .log_x = true});
  if (!batches.Wanted()) return absl::OkStatus();
  const auto mailboxes = bench.NewMailboxes(kInFlight, kThreads);
  if (!mailboxes.ok()) return mailboxes.status();
  const auto server = bench.server();
  for (const int batch : {1, 10, 100}) {
    batches.Add(batch, bench.Full("labyrinthd", "messages/s",
                                  SaveSlots((*server)->channels(), *mailboxes, kInFlight, batch), batch));
  }
  return batches.Run();
}

}  // namespace labyrinth::bench
