// Apart from the rest of the history, which a program without Catch2 uses as well.
#include "tests/conformance/engine/calls.h"
#include "tests/conformance/engine/history.h"

namespace labyrinth::storage {

void WriteHistory(Engine& engine, const std::string& partition, uint64_t revision) {
  for (uint64_t at = PositionOf(engine, partition).revision; at < revision; ++at) {
    MustCommit(engine, NextInHistory(partition, at));
  }
}

}  // namespace labyrinth::storage
