// Calls whose outcome must not be lost: kept before they are sent, repeated until it is known.
#ifndef LABYRINTH_CLIENT_PENDING_H_
#define LABYRINTH_CLIENT_PENDING_H_

#include "absl/status/status.h"
#include "client/core.h"

namespace labyrinth::client {

// Sends the keychain's pending call (there is one), byte for byte as it was kept, and
//  - on success adopts what it was for (the new device, the new epoch) and forgets the call, in one keychain update;
//  - on a refusal by which the server certainly did nothing forgets the call, and returns the refusal;
//  - otherwise (outcome open, not signed in, DEVICE_REVOKED, unknown errors) keeps it, and returns the error.
absl::Status SettlePending(Core& core);

// Before another call of this kind: settles what an interrupted run left. OK also if that was refused, and if there was
// nothing.
absl::Status SettleLeftover(Core& core);

// True if the server decided against a call: its effects didn't and won't happen.
bool IsRefusal(const absl::Status& status);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_PENDING_H_
