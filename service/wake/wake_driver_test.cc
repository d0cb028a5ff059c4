#include "service/wake/wake_driver.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "common/errors.h"
#include "storage/memory/memory_engine.h"

namespace labyrinth::service {
namespace {

constexpr int64_t kNowMs = 4'000'000'000'000;

// Wakes what begins with its prefix, by clearing the wake time.
class Clearing final : public Wakeful {
 public:
  Clearing(storage::Engine& engine, std::string prefix) : engine_(engine), prefix_(std::move(prefix)) {}

  bool Owns(std::string_view partition) const override { return partition.starts_with(prefix_); }
  void Wake(const std::string& partition, absl::Time, Done done) override {
    if (during) during();
    {
      const absl::MutexLock lock(&mutex_);
      ++woken[partition];
      if (fails.contains(partition)) return std::move(done)(errors::DataDamaged("a row"));
    }
    storage::CommitRequest commit;
    commit.partition = partition;
    commit.expect = {1, 1};
    commit.writes = {{"k", "cleared"}};
    commit.wake_at_ms = 0;
    engine_.Commit(std::move(commit), [](auto) {});
    if (held) return held->push_back(std::move(done));
    std::move(done)(absl::OkStatus());
  }

  std::map<std::string, int> woken;
  std::set<std::string> fails;
  std::function<void()> during;
  std::vector<Done>* held = nullptr;

 private:
  storage::Engine& engine_;
  const std::string prefix_;
  absl::Mutex mutex_;
};

struct Fixture {
  void Set(const std::string& partition, int64_t wake_at_ms) {
    storage::CommitRequest commit;
    commit.partition = partition;
    commit.writes = {{"k", "v"}};
    commit.wake_at_ms = wake_at_ms;
    engine.Commit(std::move(commit),
                  [](const auto& result) { REQUIRE(result.outcome == storage::CommitResult::Outcome::kCommitted); });
  }

  storage::MemoryEngine engine;
  ManualClock clock{kNowMs};
  Clearing ours{engine, "our-"}, others{engine, "other-"};
  std::vector<WakeRound> reports;
  WakeDriver driver{engine, clock, {&ours, &others}, [this](const WakeRound& round) { reports.push_back(round); }};
};

TEST_CASE("what is due is woken by its owner, and nothing else") {
  Fixture f;
  f.Set("our-1", kNowMs);
  f.Set("our-2", kNowMs + 1);
  f.Set("other-1", kNowMs - 5);
  f.Set("nobody's", kNowMs - 9);
  const WakeRound round = f.driver.RunOnce();
  CHECK(round.woken == 2);
  CHECK(round.failed == 0);
  CHECK(f.ours.woken == std::map<std::string, int>{{"our-1", 1}});
  CHECK(f.others.woken == std::map<std::string, int>{{"other-1", 1}});
  CHECK(f.driver.RunOnce().woken == 0);
  f.clock.Advance(1);
  CHECK(f.driver.RunOnce().woken == 1);
  CHECK(f.reports.size() == 2);  // rounds with nothing to do aren't told
}

TEST_CASE("a round is bounded, and the next one goes on") {
  Fixture f;
  for (std::size_t i = 0; i < WakeDriver::kPerRound + 3; ++i) f.Set(fmt::format("our-{}", i), kNowMs);
  CHECK(f.driver.RunOnce().woken == WakeDriver::kPerRound);
  CHECK(f.driver.RunOnce().woken == 3);
}

TEST_CASE("due partitions that nobody owns keep none from being woken") {
  Fixture f;
  for (std::size_t i = 0; i < 3 * WakeDriver::kPerRound; ++i) f.Set(fmt::format("mailbox-{}", i), kNowMs - 10);
  f.Set("our-1", kNowMs);
  CHECK(f.driver.RunOnce().woken == 1);
}

TEST_CASE("one that failed is left alone for a minute, and others go on") {
  Fixture f;
  f.Set("our-bad", kNowMs - 1);
  f.Set("our-good", kNowMs);
  f.ours.fails = {"our-bad"};
  const WakeRound round = f.driver.RunOnce();
  CHECK(round.woken == 2);
  CHECK(round.failed == 1);
  CHECK(ReasonOf(round.error) == Reason::kDataDamaged);
  CHECK(f.ours.woken["our-good"] == 1);
  f.clock.Advance(WakeDriver::kRetryMs - 1);
  CHECK(f.driver.RunOnce().woken == 0);
  f.clock.Advance(1);
  f.ours.fails.clear();
  CHECK(f.driver.RunOnce().woken == 1);
  CHECK(f.ours.woken["our-bad"] == 2);
}

TEST_CASE("only so many are woken at once") {
  Fixture f;
  for (int i = 0; i < 10; ++i) f.Set(fmt::format("our-{}", i), kNowMs);
  std::vector<Wakeful::Done> held;
  f.ours.held = &held;
  // Nobody answers but here, before the one too many: so a fifth one aloft would have been seen.
  f.ours.during = [&] {
    CHECK(held.size() < WakeDriver::kAtOnce);
    if (held.size() < WakeDriver::kAtOnce - 1) return;
    for (auto& done : held) std::move(done)(absl::OkStatus());
    held.clear();
    f.ours.held = nullptr;
  };
  CHECK(f.driver.RunOnce().woken == 10);
}

TEST_CASE("stopping ends a round between two partitions, and waits for the one that was woken") {
  Fixture f;
  for (int i = 0; i < 10; ++i) f.Set(fmt::format("our-{}", i), kNowMs);
  f.ours.during = [&] { f.driver.Stop(); };
  CHECK(f.driver.RunOnce().woken == 1);
  CHECK(f.driver.RunOnce().woken == 0);
}

}  // namespace
}  // namespace labyrinth::service
