// The member's half of a one-time code.
#ifndef LABYRINTH_CLIENT_ENROLLMENT_MEMBER_H_
#define LABYRINTH_CLIENT_ENROLLMENT_MEMBER_H_

#include <optional>

#include "absl/status/statusor.h"
#include "client/core.h"
#include "client/enrollment/prompts.h"
#include "crypto/primitives/x25519.h"

namespace labyrinth::client {

struct Approved {
  JoinRequest request;
  std::optional<crypto::PublicKey> device_key;  // in the membership log by now; nullopt: the person said no
};

// Waits for a request and sees it through. The core is a device with an epoch of its own. Errors of
// OneTimeCodes::Approve.
absl::StatusOr<Approved> ApproveNext(Core& core, ApprovePrompts& prompts);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_ENROLLMENT_MEMBER_H_
