// This build beside another one: what a change is worth, measured in the same minutes.
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "proto/labyrinth/v1/history.grpc.pb.h"
#include "tools/bench/experiment.h"
#include "tools/bench/floor_service.h"

namespace labyrinth::bench {
namespace {

constexpr int kMailboxes = 64;
constexpr uint64_t kThreads = 10;
constexpr int kPageSize = 50;
constexpr int kBatch = 100;

// A build's server, with what the loads need.
struct Build {
  std::unique_ptr<Server> server;
  Mailboxes saving;
  LoadMailbox* full = nullptr;  // kFloorMessages
  std::unique_ptr<v1::HistoryService::Stub> stub;
};

absl::StatusOr<Build> Prepare(absl::StatusOr<std::unique_ptr<Server>> started, const Payload& payload, bool reads) {
  if (!started.ok()) return started.status();
  Build build;
  build.server = *std::move(started);
  for (int i = 0; i < kMailboxes; ++i) {
    const auto mailbox = build.server->AddMailbox(payload, kThreads);
    if (!mailbox.ok()) return mailbox.status();
    build.saving.push_back(*mailbox);
  }
  if (reads) {
    const auto full = build.server->AddMailbox(payload, kFloorThreads);
    if (!full.ok()) return full.status();
    build.full = *full;
    if (absl::Status status = build.server->Fill({*full}, kFloorMessages, kBatch, 4); !status.ok()) return status;
    if (absl::Status status = CompactStore(*build.server); !status.ok()) return status;
  }
  build.stub = v1::HistoryService::NewStub(build.server->channels()[0]);
  return build;
}

// What the same slices cost its server, in microseconds of all processors a call: less noisy than rates, as neither the
// load generator nor the disk is in it.
Contender Cost(const Bench& bench, std::string label, const Build& build, Slots slots) {
  const std::chrono::duration<double> time(bench.slice_seconds());
  return {std::move(label), "us/call",
          [&build, time, slots = std::make_shared<Slots>(std::move(slots))]() -> absl::StatusOr<double> {
            const auto before = build.server->process().ProcessorSeconds();
            if (!before.ok()) return before;
            const auto load = ClosedLoop(*slots, time);
            if (!load.ok()) return load.status();
            const auto after = build.server->process().ProcessorSeconds();
            if (!after.ok()) return after;
            return 1e6 * (*after - *before) / static_cast<double>(load->latencies_us.size());
          }};
}

void AddBuild(Bench& bench, Experiment& experiment, const std::string& prefix, const std::string& label, Build& build) {
  // `name`, the rate, and `name`_cost.
  const auto add = [&](const std::string& name, const std::string& unit, double per_call,
                       const std::function<Slots()>& make_slots) {
    experiment.Add(prefix + name, [&] { return bench.Full(label, unit, make_slots(), per_call); });
    experiment.Add(prefix + name + "_cost", [&] { return Cost(bench, label, build, make_slots()); });
  };
  const auto save = [&](const std::string& name, int in_flight, int batch) {
    add(name, "saves/s", batch,
        [&, in_flight, batch] { return SaveSlots(build.server->channels(), build.saving, in_flight, batch); });
  };
  save("save", 64, 1);
  save("save_1", 1, 1);
  save("batch", 16, kBatch);
  const auto page = [&](const std::string& name, int in_flight) {
    add(name, "pages/s", 1, [&, in_flight] {
      return PageSlots(build.server->channels(), {build.full}, in_flight, PageOf::kNewestOfThread, kPageSize,
                       kFloorMessages);
    });
  };
  page("page", 16);
  page("page_1", 1);
  experiment.Add(prefix + "restore", [&build, label] {
    return Contender{label, "messages/s",
                     [&build] { return Download(*build.stub, *build.full, kFloorMessages * 9 / 10, kFloorMessages); }};
  });
}

}  // namespace

absl::Status MeasureOther(Bench& bench) {
  if (!bench.has_other()) return absl::OkStatus();
  const auto claim = [](const std::string& name, std::string title, bool higher_is_better = true) {
    return Claim{"other_" + name, std::move(title), "this " + name, "other " + name, {}, higher_is_better};
  };
  Experiment experiment(bench, {claim("save", "durable saves, one a call, 64 in flight, 64 mailboxes"),
                                claim("save_cost", "what one takes of its server's processors", false),
                                claim("save_1", "durable saves, 1 in flight"),
                                claim("save_1_cost", "what one takes of its server's processors", false),
                                claim("batch", "durable saves, 100 a call, 16 in flight"),
                                claim("batch_cost", "what a call takes of its server's processors", false),
                                claim("page", "newest 50 of a thread, of a store at rest, 16 in flight"),
                                claim("page_cost", "what one takes of its server's processors", false),
                                claim("page_1", "the same, 1 in flight"),
                                claim("page_1_cost", "what one takes of its server's processors", false),
                                claim("restore", "DownloadHistory of the same store, one stream")});
  if (!experiment.Wanted()) return absl::OkStatus();
  bool reads = false;
  for (const char* name : {"page", "page_cost", "page_1", "page_1_cost", "restore"}) {
    reads = reads || experiment.Needs(std::string("this ") + name);
  }
  auto ours = Prepare(bench.NewServer("this"), bench.payload(), reads);
  if (!ours.ok()) return ours.status();
  auto other = Prepare(bench.NewOther("other"), bench.payload(), reads);
  if (!other.ok()) return other.status();
  AddBuild(bench, experiment, "this ", "labyrinthd", *ours);
  AddBuild(bench, experiment, "other ", "the other", *other);
  return experiment.Run();
}

}  // namespace labyrinth::bench
