// Concurrent clients of one mailbox on a live server, with every call written down.
#ifndef LABYRINTH_TESTS_FAULT_HISTORY_RUN_H_
#define LABYRINTH_TESTS_FAULT_HISTORY_RUN_H_

#include <cstdint>

#include "tests/fault/history.h"

namespace labyrinth::fault {

struct HistoryCounts {
  uint64_t saves = 0, reads = 0, deletes = 0, epochs = 0, revocations = 0, refused = 0, unknown = 0;
};
HistoryCounts CountHistory(const History& history);

// About `calls` calls over loopback by several threads, each a device of its own: saves (also of what another device
// saves, and under old epochs), pages, look-ups, deletions, rotations with and without a removal, revocations, new
// devices in the place of those that were revoked; the server restarts `restarts` times in between. What is called is
// drawn from `seed`, how the calls meet isn't. The Catch2 case fails if the server doesn't serve.
History RunHistory(uint64_t seed, uint64_t calls, int restarts);

}  // namespace labyrinth::fault

#endif  // LABYRINTH_TESTS_FAULT_HISTORY_RUN_H_
