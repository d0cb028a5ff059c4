// What becomes of a mailbox when its store has come back from a backup.
#ifndef LABYRINTH_SERVICE_MAILBOX_RESTORE_MAILBOX_H_
#define LABYRINTH_SERVICE_MAILBOX_RESTORE_MAILBOX_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "service/mailbox/operation.h"
#include "service/mailbox/revocation.h"
#include "service/mailbox/rules.h"

namespace labyrinth::mailbox {

struct RestoredMailbox {
  uint32_t revoked = 0;  // devices that the backup still had as members
  uint32_t barred = 0;   // devices that joined after the backup: their keys can't join again
  bool deleted = false;
};

// Replays the journal's entries of this mailbox, with a revocation's every effect, and makes it ROTATION_REQUIRED.
// Doing it again changes nothing. Not a call of anybody's: it is decided before the store is served.
//
// A device that joined after the backup is unknown to the store, and so is its removal; but its Add entry, which it
// keeps, continues the log at the very place where the backup may have cut it. So its key is barred: no entry that
// names it is accepted any more (membership.h).
class RestoreMailboxOperation final : public OperationWithResult<RestoredMailbox> {
 public:
  RestoreMailboxOperation(std::vector<Revocation> revocations, Done done)
      : OperationWithResult(std::move(done)), revocations_(std::move(revocations)) {}
  void Need(const BatchState& state, std::vector<std::string>& keys) const override;
  absl::Status Decide(Transaction& txn) override;

 private:
  absl::Status Replay(Transaction& txn, const RevokedDevice& device);

  const std::vector<Revocation> revocations_;
};

}  // namespace labyrinth::mailbox

#endif  // LABYRINTH_SERVICE_MAILBOX_RESTORE_MAILBOX_H_
