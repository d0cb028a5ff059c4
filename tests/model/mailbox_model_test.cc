#include "tests/model/mailbox_model.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "storage/memory/memory_engine.h"
#include "tests/conformance/engine/store_on_disk.h"
#include "tests/model/waiting_engine.h"

namespace labyrinth::mailbox::testing {
namespace {

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
}

TEST_CASE("a mailbox agrees with a plain map, in memory") {
  const auto seed = static_cast<uint64_t>(GENERATE(range(1, 9)));
  INFO("seed " << seed);
  storage::MemoryEngine store;
  MailboxModel model(seed, store);
  Run(model, 1000);
  CHECK(model.seen().forgotten > 0);
  CHECK(model.seen().resyncs > 0);
}

TEST_CASE("a mailbox agrees with a plain map, on the disk") {
  const auto seed = static_cast<uint64_t>(GENERATE(100, 101));
  INFO("seed " << seed);
  const storage::TempDir dir;
  const auto store = storage::MustOpen(dir.path());
  storage::WaitingEngine waiting(*store);
  MailboxModel model(seed, waiting);
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
  const storage::TempDir dir;
  const auto disk = storage::MustOpen(dir.path());
  storage::WaitingEngine waiting(*disk);
  storage::MemoryEngine memory;
  MailboxModel model(seed, on_disk ? static_cast<storage::Engine&>(waiting) : memory);
  Run(model, steps);
  const MailboxModel::Seen& seen = model.seen();
  fmt::print(
      "model: {}: seed {}, {} steps: {} created, {} replaced, {} deleted, {} expired, {} resyncs; no difference\n",
      on_disk ? "rocksdb" : "memory", seed, steps, seen.created, seen.replaced, seen.deleted, seen.expired,
      seen.resyncs);
}

}  // namespace
}  // namespace labyrinth::mailbox::testing
