#include "tests/model/mailbox_model.h"

#include <catch2/catch.hpp>

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

}  // namespace
}  // namespace labyrinth::mailbox::testing
