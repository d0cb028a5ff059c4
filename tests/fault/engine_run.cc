#include "tests/fault/engine_run.h"

#include <array>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "storage/memory/memory_engine.h"
#include "tests/fault/workload.h"

namespace labyrinth::fault {
namespace {

using mailbox::testing::TestServer;
using storage::CommitRequest;
using storage::CommitResult;

constexpr int kStepsOfARound = 250;
// Of four repeats that a commit gets, each may have no answer either: so callers hear of that as well.
constexpr storage::FaultMix kFaults{.fail = 30,
                                    .unknown_lost = 120,
                                    .unknown_applied = 120,
                                    .unknown_late = 80,
                                    .hold_request = 120,
                                    .hold_reply = 120};

// The engine in memory, with a fault of its own.
class BrokenEngine final : public storage::Engine {
 public:
  explicit BrokenEngine(Canary canary) : canary_(canary) {}

  void Read(storage::ReadRequest request, storage::ReadCallback done) override {
    base_.Read(std::move(request), std::move(done));
  }
  void Commit(CommitRequest request, storage::CommitCallback done) override {
    if (canary_ == Canary::kDropsCommit && ++commits_ % 16 == 0) {
      const storage::Position position{request.expect.incarnation, request.expect.revision + 1};
      return std::move(done)({CommitResult::Outcome::kCommitted, position, absl::OkStatus()});
    }
    const bool again = canary_ == Canary::kAppliesUnknownTwice &&
                       !seen_.emplace(request.partition, request.expect.revision, FeedOf(request)).second;
    if (again || (canary_ == Canary::kForgetsCondition && ++commits_ % 8 == 0)) {
      request.expect = PositionOf(request.partition);
    }
    base_.Commit(std::move(request), std::move(done));
  }
  void Due(int64_t now_ms, std::size_t limit, storage::DueCallback done) override {
    base_.Due(now_ms, limit, std::move(done));
  }
  void ListPartitions(std::string after, std::size_t limit, storage::PartitionsCallback done) override {
    base_.ListPartitions(std::move(after), limit, std::move(done));
  }

 private:
  // The tag of a commit stands in its feed row.
  static std::string FeedOf(const CommitRequest& request) {
    return request.writes.empty() ? "" : request.writes.back().value.value_or("");
  }
  storage::Position PositionOf(const std::string& partition) {
    storage::Position position;
    storage::ReadRequest read;
    read.partition = partition;
    base_.Read(std::move(read), [&](absl::StatusOr<storage::ReadResult> result) { position = result->position; });
    return position;
  }

  const Canary canary_;
  storage::MemoryEngine base_;
  uint64_t commits_ = 0;
  std::set<std::tuple<std::string, uint64_t, std::string>> seen_;
};

class Round {
 public:
  Round(uint64_t seed, bool clock_steps, Canary canary)
      : random_(seed),
        canary_(canary),
        store_(canary),
        nodes_{std::make_unique<TestServer>(2 * seed, &store_), std::make_unique<TestServer>(2 * seed + 1, &store_)},
        load_(seed, {nodes_[0].get(), nodes_[1].get()},
              {.mailboxes = 2, .clock_steps = clock_steps, .large_messages = false}),
        frozen_(nodes_[0]->now_ms()),
        ignores_clock_(store_, nodes_[0]->tokens(), frozen_) {}

  void Run(Tally& tally) {
    ++tally.rounds;
    for (int phase = 0; phase < 3; ++phase) {
      for (std::size_t i = 0; i < nodes_.size(); ++i) nodes_[i]->faults().Randomize(random_(), kFaults);
      for (int step = 0; step < kStepsOfARound / 3; ++step) {
        Step();
        load_.Collect();
      }
      Quiet();
      if (load_.open() > 0) tally.Find(Fault::kOther, "a call was never answered");
      load_.Judge(tally);
      if (!tally.clean()) return;
      load_.CheckReads(tally);
      if (canary_ == Canary::kIgnoresClock) load_.CheckReads(ignores_clock_, tally);
    }
  }

 private:
  uint64_t Below(uint64_t bound) { return random_() % bound; }

  // One event, in whatever order they come.
  void Step() {
    TestServer& node = *nodes_[Below(nodes_.size())];
    const uint64_t what = Below(100);
    if (what < 40) {
      load_.Start();
    } else if (what < 70) {
      node.executor().RunOne();
    } else if (what < 92) {
      node.faults().Release(1);
    } else if (what < 98) {
      node.faults().ApplyLate();
    } else {
      Restart(node);
    }
  }

  // Its late commits stay on their way.
  void Restart(TestServer& node) {
    while (node.executor().RunAll() + node.faults().Release() > 0) {
    }
    load_.Collect();
    node.Restart();
  }

  // Until nothing is on its way any more.
  void Quiet() {
    for (auto& node : nodes_) node->faults().Randomize(0, {});
    bool busy = true;
    while (busy) {
      busy = false;
      for (auto& node : nodes_) {
        busy = node->executor().RunAll() + node->faults().Release() > 0 || busy;
        while (node->faults().ApplyLate().has_value()) busy = true;
      }
      load_.Collect();
    }
  }

  std::mt19937_64 random_;
  const Canary canary_;
  BrokenEngine store_;
  std::array<std::unique_ptr<TestServer>, 2> nodes_;
  Workload load_;
  ManualClock frozen_;
  mailbox::HistoryReader ignores_clock_;
};

Tally Rounds(uint64_t seed, uint64_t rounds, bool clock_steps, Canary canary) {
  Tally tally;
  while (tally.rounds < rounds && tally.clean()) {
    Round(seed + tally.rounds, clock_steps, canary).Run(tally);
  }
  return tally;
}

}  // namespace

Tally RunFaultyEngine(uint64_t seed, uint64_t rounds, Canary canary) { return Rounds(seed, rounds, false, canary); }

Tally RunClockSteps(uint64_t seed, uint64_t rounds, Canary canary) { return Rounds(seed, rounds, true, canary); }

}  // namespace labyrinth::fault
