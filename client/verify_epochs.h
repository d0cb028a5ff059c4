// The chain of epochs, cross-examined from both ends.
#ifndef LABYRINTH_CLIENT_VERIFY_EPOCHS_H_
#define LABYRINTH_CLIENT_VERIFY_EPOCHS_H_

#include "absl/status/status.h"
#include "client/core.h"
#include "client/verify.h"

namespace labyrinth::client {

// Lists every epoch forward from the first with its members, and backward from the newest. Each record against the keys
// that this device knows, the log and the commitment; the two listings against each other; every link; every member's
// MAC, which must be that of a device in the log. Findings go into `report`; errors are those of the transport.
absl::Status VerifyEpochs(Core& core, VerifyReport& report);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_VERIFY_EPOCHS_H_
