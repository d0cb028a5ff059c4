// A server whose store came back from a backup, and says so (docs/PROTOCOL.md, "A store that was restored").
#ifndef LABYRINTH_CLIENT_RESTORE_H_
#define LABYRINTH_CLIENT_RESTORE_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "client/core.h"
#include "crypto/primitives/x25519.h"

namespace labyrinth::client {

// What the server lost, by this device's own memory. To be shown to the user, whole.
struct RestoreReport {
  uint64_t generation = 0;              // the store's, from now on
  uint64_t log_entries_before = 0;      // of the membership log, as this device had verified it
  uint64_t log_entries_now = 0;         // what is gone: devices and codes that were added, removals that were signed
  uint64_t epoch_before = 0;            // sequence id of the newest epoch that this device knew
  uint64_t epoch_now = 0;               // of the newest that the server has, and this device with it
  std::vector<crypto::PublicKey> back;  // devices that were removed, and are members by the server's log again

  bool lost_anything() const { return log_entries_now != log_entries_before || epoch_now != epoch_before; }
};

// Goes on from where the server's store stands now. A client refuses a membership log that went back, always; but when
// the server announces that it was restored (its generation is another), the refusal is STORE_RESTORED instead of
// DATA_LOSS, and this call is the deliberate way on. It believes the server nothing that it can check:
//
//  - the log is verified from its first entry, and the epochs that this device shares with it by their commitments,
//    under keys that the server never had;
//  - whoever this device knows to have been removed stays removed: the next rotation drops it, and whatever it added;
//  - nothing is saved, and nobody is let in, before this device has opened an epoch of its own (the next save does).
//
// The keys of epochs that the server lost are kept aside. Nothing changes on an error. FAILED_PRECONDITION: no restore
// was announced; the log doesn't have this device (it joined after the backup: it has to join anew), or has it removed.
// DATA_LOSS: what the server shows fails a check, or shares no epoch with this device.
absl::StatusOr<RestoreReport> AcceptRestore(Core& core);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_RESTORE_H_
