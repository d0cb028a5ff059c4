// The last step of an upload: its reference.
#ifndef LABYRINTH_CLIENT_ATTACHMENTS_ATTACH_H_
#define LABYRINTH_CLIENT_ATTACHMENTS_ATTACH_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/attachments/journal.h"
#include "client/core.h"
#include "client/history.h"

namespace labyrinth::client {

enum class AttachOutcome {
  kAttached,   // the journal has forgotten it
  kNoMessage,  // its message isn't stored; the journal keeps the upload, without the message
  kLost,       // the server has no such upload any more and neither has the profile; forgotten
};

// Attaches a journal's entry that has a message. Sends the ciphertext again where the server gave it up. Errors leave
// the entry as it is.
absl::StatusOr<AttachOutcome> Attach(Core& core, History& history, AttachmentJournal& journal,
                                     const crypto::AttachmentName& name);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_ATTACHMENTS_ATTACH_H_
