// Every way in which a few calls can meet: an exhaustive search over small mailboxes.
#ifndef LABYRINTH_TESTS_FAULT_EXPLORER_H_
#define LABYRINTH_TESTS_FAULT_EXPLORER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tests/fault/choice_engine.h"

namespace labyrinth::fault {

// What the calls of a search are. The mailbox has devices A and B and one epoch, e0; requests are made at the start, as
// if everybody had looked at it just before. Each is sent to one of two nodes, in turn.
enum class Move {
  kSaveByA,        // under e0
  kSaveByB,        // under e0
  kOpenRemovingB,  // by A: epoch e1 without B
  kOpenByB,        // e1 as well, with both
  kRevokeB,        // by A, signed: B is cut off, a rotation is due
  kCutOffB,        // by the account alone
  kRegisterByB,    // a device C on B's word
};

struct SearchOptions {
  std::vector<Move> moves;
  int faults = 1;  // commits without an answer (lost, applied, or late), at most, in one run
  uint64_t max_states = 1'000'000;
  // Canaries: what is broken on purpose.
  Breach breach = Breach::kNone;
  bool save_skips_epoch_check = false;
};

struct SearchResult {
  uint64_t states = 0;                // that differ in what is stored, on its way, or known to a node
  uint64_t ends = 0;                  // of those, the ones in which everything has been answered
  bool complete = false;              // every state was visited
  std::vector<std::string> findings;  // with the way there
};

// Runs the real sequencers and operations, and chooses what happens next in every possible way: which call starts,
// which read or commit of which node is answered next, and whether a commit's answer gets lost, with the commit or
// without, or the commit comes late. In every state:
//  - a message is stored under an epoch only while that is current and each of its members is active;
//  - epochs are a chain: each is the next one, and none changes;
//  - a call by B that begins after B's removal was acknowledged is refused;
// and at each end every call was answered once, what was acknowledged is there once, what was refused isn't, and all
// rows agree (store_check.h).
SearchResult Search(const SearchOptions& options);

}  // namespace labyrinth::fault

#endif  // LABYRINTH_TESTS_FAULT_EXPLORER_H_
