// The mailbox as a whole: making it, looking at it, deleting it (protocol section 2; docs/PROTOCOL.md).
#ifndef LABYRINTH_CLIENT_MAILBOX_H_
#define LABYRINTH_CLIENT_MAILBOX_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/core.h"
#include "common/ids.h"

namespace labyrinth::client {

// The server's counters and what was verified beside them.
struct MailboxInfo {
  MailboxId mailbox_id;
  bool rotation_required = false;
  uint32_t epoch_sequence = 0;  // verified: the membership log's
  uint64_t log_index = 0;       // verified: of the log's newest entry
  uint64_t active_devices = 0;  // verified: the log's, virtual ones included
  // The server's word:
  uint64_t used_bytes = 0;
  uint64_t quota_bytes = 0;
  uint64_t message_count = 0;
  uint64_t quota_messages = 0;
  int64_t server_time_ms = 0;
};

// Thread-compatible; borrows the core.
class Mailbox {
 public:
  explicit Mailbox(Core& core) : core_(core) {}

  // Makes the account's mailbox with this profile as its first device: keys, first epoch and first log entry, in one
  // call. The request is kept before it is sent, so that Create after a crash repeats it instead of losing the keys.
  // MAILBOX_EXISTS: the account has one; join it with a recovery code. FAILED_PRECONDITION: this profile is a device.
  absl::Status Create();

  absl::StatusOr<MailboxInfo> Info();

  // Deletes every record of the mailbox, by an entry that this device signs, and then forgets the profile's keys, which
  // open nothing any more. Can't be undone; the caller asks the user.
  absl::Status Delete();

 private:
  absl::Status AttemptCreate();

  Core& core_;
};

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_MAILBOX_H_
