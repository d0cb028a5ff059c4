// Removals, as a journal outside of the store keeps them: a store that comes back from a backup takes nobody back.
#ifndef LABYRINTH_SERVICE_MAILBOX_REVOCATION_H_
#define LABYRINTH_SERVICE_MAILBOX_REVOCATION_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/ids.h"

namespace labyrinth::mailbox {

struct RevokedDevice {
  DeviceId id;
  std::string device_key;  // 32 bytes, public: a store from before the device joined knows no id of it
  friend bool operator==(const RevokedDevice&, const RevokedDevice&) = default;
};

// What one commit takes away from a mailbox: devices of it, or all of it.
struct Revocation {
  std::string partition = {};
  std::string mailbox_id = {};              // 16 bytes; tells a mailbox from one that the account made after it
  std::vector<RevokedDevice> devices = {};  // empty: the mailbox was deleted
  int64_t time_ms = 0;
  friend bool operator==(const Revocation&, const Revocation&) = default;
};

// Entries go in before the commit that they are about. So whatever the store has of removals the journal has too, at
// any moment, and an acknowledged one is in both. The reverse isn't so: the process may end between the two, or the
// commit be refused after all. Such an entry is voided when that is known, at the latest at the next start, by a look
// into the store (service/journal). If the store is lost before that, the entry counts: nobody was told that the device
// stays, and somebody who may had asked for it to go.
//
// Thread-safe. Both calls wait for the disk: never to be made on the engine's threads.
class RevocationJournal {
 public:
  virtual ~RevocationJournal() = default;

  // OK: durable, under this number. UNAVAILABLE: it isn't, and nothing more will be until a restart.
  virtual absl::StatusOr<uint64_t> Append(const Revocation& revocation) = 0;

  // The entry's commit didn't happen and won't. Best effort: the next start finds out what this missed.
  virtual void Void(uint64_t number) = 0;
};

}  // namespace labyrinth::mailbox

#endif  // LABYRINTH_SERVICE_MAILBOX_REVOCATION_H_
