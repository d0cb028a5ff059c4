#include "tests/model/mailbox_model.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "storage/memory/memory_engine.h"
#include "tests/conformance/engine/store_on_disk.h"
#include "tests/model/waiting_engine.h"

namespace labyrinth::mailbox::testing {
namespace {

struct Disk {
  void Reopen() {
    store.reset();
    store = storage::MustOpen(dir.path());
    waiting.MoveTo(*store);
  }

  const storage::TempDir dir;
  std::unique_ptr<storage::RocksdbEngine> store = storage::MustOpen(dir.path());
  storage::WaitingEngine waiting{*store};
};

void Run(MailboxModel& model, int steps) {
  for (int step = 0; step < steps; ++step) {
    INFO("step " << step);
    model.Step();
  }
  const MailboxModel::Seen& seen = model.seen();
  CHECK(seen.created > 0);
  CHECK(seen.replaced > 0);
  CHECK(seen.was_deleted > 0);
  CHECK(seen.deleted > 0);
  CHECK(seen.expired > 0);
  CHECK(seen.step_backs > 0);
  CHECK(seen.conflicts > 0);
  CHECK(seen.epochs > 0);
  CHECK(seen.restarts > 0);
  CHECK(seen.pages > seen.walks);
}

// Over several thousand steps.
void CheckEverythingHappened(const MailboxModel::Seen& seen) {
  CHECK(seen.forgotten > 0);
  CHECK(seen.resyncs > 0);
  CHECK(seen.unchanged_after_rotation > 0);
  CHECK(seen.stale > 0);
  CHECK(seen.rotation_required > 0);
  CHECK(seen.over_quota > 0);
  CHECK(seen.removals > 0);
  CHECK(seen.watches_ended > 0);
}

TEST_CASE("a mailbox agrees with a plain map, in memory") {
  const auto seed = static_cast<uint64_t>(GENERATE(range(1, 6)));
  INFO("seed " << seed);
  storage::MemoryEngine store;
  MailboxModel model(seed, store, [] {});
  Run(model, 1000);
  CheckEverythingHappened(model.seen());
}

TEST_CASE("a mailbox agrees with a plain map, on the disk") {
  const auto seed = static_cast<uint64_t>(GENERATE(100, 101));
  INFO("seed " << seed);
  Disk disk;
  MailboxModel model(seed, disk.waiting, [&] { disk.Reopen(); });
  Run(model, 400);
}

uint64_t NumberFrom(const char* variable) {
  const char* text = std::getenv(variable);
  REQUIRE(text != nullptr);
  return std::strtoull(text, nullptr, 10);
}

// ./dev model SEED STEPS
TEST_CASE("a mailbox agrees with a plain map for as long as it is asked to", "[.long]") {
  const uint64_t seed = NumberFrom("LABYRINTH_SEED");
  const auto steps = static_cast<int>(NumberFrom("LABYRINTH_STEPS"));
  REQUIRE(steps > 0);
  const bool on_disk = GENERATE(false, true);
  INFO((on_disk ? "rocksdb" : "memory") << ", seed " << seed);
  Disk disk;
  storage::MemoryEngine memory;
  MailboxModel model(seed, on_disk ? static_cast<storage::Engine&>(disk.waiting) : memory, [&] { disk.Reopen(); });
  Run(model, steps);
  const MailboxModel::Seen& seen = model.seen();
  fmt::print(
      "model: {}: seed {}, {} steps: {} created, {} replaced, {} deleted, {} expired, {} epochs, {} devices removed, "
      "{} restarts, {} pages in {} walks, {} watches ended, {} resyncs; no difference\n",
      on_disk ? "rocksdb" : "memory", seed, steps, seen.created, seen.replaced, seen.deleted, seen.expired, seen.epochs,
      seen.removals, seen.restarts, seen.pages, seen.walks, seen.watches_ended, seen.resyncs);
}

}  // namespace
}  // namespace labyrinth::mailbox::testing
