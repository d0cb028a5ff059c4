// Who will be a member of the next epoch (protocol sections 3 and 8). Pure: no calls.
#ifndef LABYRINTH_CLIENT_ROTATION_PLAN_H_
#define LABYRINTH_CLIENT_ROTATION_PLAN_H_

#include <map>
#include <vector>

#include "absl/status/statusor.h"
#include "client/device_directory.h"
#include "client/rotation.h"
#include "client/verified_log.h"
#include "crypto/labyrinth/epoch_keys.h"
#include "crypto/labyrinth/epoch_open.h"
#include "crypto/statements/membership.h"
#include "proto/labyrinth/v1/epoch.pb.h"

namespace labyrinth::client {

struct RotationPlan {
  std::vector<const DeviceView*> members;             // into the directory
  std::vector<crypto::EpochCandidate> candidates;     // the same, in the same order
  std::map<crypto::PublicKey, RemovalCause> removed;  // active members of the log that go
  std::vector<DeviceId> kept_sponsored;
  std::vector<DeviceId> codes_known_to_removed;
};

// Decides. Whom a device added that goes now, or that a signed entry removed since `epoch` was opened, is subject to
// the request's policy. `record` is the checked record of `epoch`, the current one; `opener` is this device.
// DEVICE_NOT_FOUND if a device to remove isn't an active member, unless `allow_gone`; INVALID_ARGUMENT if it is the
// opener. DATA_LOSS if the opener itself fails a check.
absl::StatusOr<RotationPlan> PlanRotation(const DeviceDirectory& directory, const VerifiedLog& log,
                                          const crypto::Epoch& epoch, const v1::Epoch& record,
                                          const crypto::PublicKey& opener, const RotationRequest& request,
                                          bool allow_gone);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_ROTATION_PLAN_H_
