// The real server is killed under load, again and again.
#ifndef LABYRINTH_TESTS_FAULT_KILL_RUN_H_
#define LABYRINTH_TESTS_FAULT_KILL_RUN_H_

#include <cstdint>
#include <string>

#include "tests/fault/tally.h"

namespace labyrinth::fault {

struct KillOptions {
  std::string server;  // the program
  // Canary: of the log that a kill leaves, the last half is taken away before anybody looks.
  bool lose_log = false;
};

// `rounds` times: starts the server, reads everything by its API, loads it with several clients at once (single saves,
// batches, repeats, replacements, deletions; random ciphertext), and kills it with SIGKILL at a moment drawn from
// `seed`, or in one round of eight stops it with SIGTERM. A copy of what it left is opened behind its back and held
// against what the clients were told (ledger.h); the next server recovers the original by itself.
Tally RunKills(uint64_t seed, uint64_t rounds, const KillOptions& options);

}  // namespace labyrinth::fault

#endif  // LABYRINTH_TESTS_FAULT_KILL_RUN_H_
