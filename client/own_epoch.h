// A device restored from a recovery code, before it opened an epoch of its own (protocol section 4).
#ifndef LABYRINTH_CLIENT_OWN_EPOCH_H_
#define LABYRINTH_CLIENT_OWN_EPOCH_H_

#include "absl/status/status.h"
#include "client/keychain_state.h"
#include "common/errors.h"

namespace labyrinth::client {

// ROTATION_REQUIRED, by this device's own rule, while its newest epoch may be the end of a truncated chain: nothing may
// be encrypted to it, or handed out with it.
inline absl::Status RequireOwnEpoch(const Enrolment& enrolment) {
  if (!enrolment.fresh_epoch_required) return absl::OkStatus();
  return errors::Make(Reason::kRotationRequired, "restored from a recovery code: a fresh epoch has to be opened first");
}

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_OWN_EPOCH_H_
