// Nodes over an engine that is slow, fails, and lies about outcomes; clocks that step.
#ifndef LABYRINTH_TESTS_FAULT_ENGINE_RUN_H_
#define LABYRINTH_TESTS_FAULT_ENGINE_RUN_H_

#include <cstdint>

#include "tests/fault/tally.h"

namespace labyrinth::fault {

// Canaries: engines that break a promise which nothing above them can make up for, and a reader that doesn't look at
// the clock.
enum class Canary {
  kNone,
  kDropsCommit,          // now and then an acknowledged commit is nowhere
  kAppliesUnknownTwice,  // the repeat of a commit without an answer is applied again
  kForgetsCondition,     // a commit is applied wherever the mailbox stands
  kIgnoresClock,
};

// Two nodes over one store: commits fail, get no answer, arrive late; replies are held back and let go at random, and
// nodes restart in between. A fresh store each round. Replays exactly from the seed.
Tally RunFaultyEngine(uint64_t seed, uint64_t rounds, Canary canary = Canary::kNone);

// The same while each node's clock steps by hours and days, both ways: nothing expired is served, and nothing that has
// gone comes back.
Tally RunClockSteps(uint64_t seed, uint64_t rounds, Canary canary = Canary::kNone);

}  // namespace labyrinth::fault

#endif  // LABYRINTH_TESTS_FAULT_ENGINE_RUN_H_
