// The power is cut, again and again, while mailboxes live on a disk.
#ifndef LABYRINTH_TESTS_FAULT_POWER_RUN_H_
#define LABYRINTH_TESTS_FAULT_POWER_RUN_H_

#include <cstdint>
#include <functional>
#include <string>

#include "tests/fault/power_disk.h"
#include "tests/fault/tally.h"

namespace labyrinth::fault {

struct PowerTally : Tally {
  uint64_t in_open = 0, in_close = 0, at_rest = 0;  // where the cuts fell; the others while mailboxes were busy
  PowerDisk::Damage damage;
};

struct PowerOptions {
  PowerDisk::Lie lie = PowerDisk::Lie::kNone;
  // What was found on the disk when something was wrong stays in this folder.
  std::string keep_in;
  // Cuts fall where they fall: the run goes on until they met all that this asks for, at most 20 times as long.
  std::function<bool(const PowerTally&)> enough = [](const PowerTally&) { return true; };
};

// `rounds` cuts from `seed`, a fresh store every few rounds: the sequencer and the real engine over PowerDisk, several
// mailboxes at once (workload.h). After each cut the store must open, and holds what was acknowledged: row by row, by
// what callers were told, and in itself. Ends early after a finding if the disk lies. The mailboxes' calls, the cuts
// and what they leave come from the seed; the engine's own threads don't, so that a replay meets the same kind of cut,
// not the same byte.
PowerTally RunPowerCuts(uint64_t seed, uint64_t rounds, const PowerOptions& options);

}  // namespace labyrinth::fault

#endif  // LABYRINTH_TESTS_FAULT_POWER_RUN_H_
