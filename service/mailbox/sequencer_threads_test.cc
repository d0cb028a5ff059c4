// Many threads at once: run it under the thread sanitizer too (./dev tsan).
#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "common/executor.h"
#include "crypto/primitives/seeded_random.h"
#include "service/mailbox/sequencer.h"
#include "service/mailbox/testing/append_script.h"
#include "storage/memory/faulty_engine.h"
#include "storage/memory/memory_engine.h"

namespace labyrinth::mailbox::testing {
namespace {

constexpr int kThreads = 8;
constexpr int kCallsPerThread = 250;

std::size_t Length(storage::Engine& engine, const std::string& partition) {
  storage::ReadRequest read;
  read.partition = partition;
  read.keys = {AppendedKey()};
  std::size_t length = 0;
  engine.Read(std::move(read), [&](absl::StatusOr<storage::ReadResult> result) {
    const auto& value = result->values[0];
    if (value.has_value()) length = ParseRecord<storage_v1::ThreadRecord>(*value)->thread_id().size();
  });
  return length;
}

// Every thread's calls, over `partitions` mailboxes; the sequencer is destroyed while most are still on their way.
struct Load {
  explicit Load(int partitions) : completions(kThreads * kCallsPerThread), partition_count(partitions) {}

  static std::string Partition(int number) { return "box " + std::to_string(number); }

  void Run(storage::Engine& engine) {
    for (auto& completion : completions) completion = std::make_shared<Completion>();
    ThreadPool pool(3);
    ManualClock clock(4'000'000'000'000);
    crypto::SeededRandom random(1);
    Sequencer sequencer(engine, pool, clock, random);
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kCallsPerThread; ++i) {
          sequencer.Submit(Partition((t + i) % partition_count),
                           std::make_unique<FunctionOperation>(Append("x"), completions[t * kCallsPerThread + i]));
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }

  std::size_t Count(std::optional<Reason> reason) const {
    return std::count_if(completions.begin(), completions.end(),
                         [&](const auto& completion) { return ReasonOf(completion->status) == reason; });
  }
  std::size_t Stored(storage::Engine& engine) const {
    std::size_t stored = 0;
    for (int i = 0; i < partition_count; ++i) stored += Length(engine, Partition(i));
    return stored;
  }

  std::vector<std::shared_ptr<Completion>> completions;
  const int partition_count;
};

TEST_CASE("destruction waits: every operation is completed once, and what was acknowledged is there") {
  const int partitions = GENERATE(1, 50);
  storage::MemoryEngine engine;
  Load load(partitions);
  load.Run(engine);
  CHECK(std::all_of(load.completions.begin(), load.completions.end(),
                    [](const auto& completion) { return completion->count == 1 && completion->status.ok(); }));
  CHECK(load.Stored(engine) == kThreads * kCallsPerThread);
}

TEST_CASE("the same over an engine that fails and forgets: nothing acknowledged is lost or done twice") {
  const int partitions = GENERATE(1, 50);
  storage::MemoryEngine base;
  storage::FaultyEngine engine(base);
  engine.Randomize(11, {.fail = 20, .unknown_lost = 300, .unknown_applied = 300});
  Load load(partitions);
  load.Run(engine);
  CHECK(std::all_of(load.completions.begin(), load.completions.end(),
                    [](const auto& completion) { return completion->count == 1; }));
  const std::size_t acknowledged = load.Count(std::nullopt);
  const std::size_t unknown = load.Count(Reason::kOutcomeUnknown);
  const std::size_t failed = load.Count(Reason::kEngineUnavailable);
  CHECK(acknowledged + unknown + failed == load.completions.size());
  CHECK(acknowledged > 0);
  CHECK(failed > 0);
  const std::size_t stored = load.Stored(base);
  CHECK(stored >= acknowledged);
  CHECK(stored <= acknowledged + unknown);
}

}  // namespace
}  // namespace labyrinth::mailbox::testing
