// Who belongs to the mailbox, verified, and removing a member (protocol sections 3, 5 and 8).
#ifndef LABYRINTH_CLIENT_DEVICES_H_
#define LABYRINTH_CLIENT_DEVICES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/core.h"
#include "client/device_directory.h"
#include "client/rotation.h"
#include "common/ids.h"

namespace labyrinth::client {

struct RevokeOptions {
  // Open a fresh epoch in the same call, which is what makes the removal cryptographic. Without it the server cuts the
  // device off, and refuses saves until some member rotates.
  bool rotate = true;
  // What becomes of the members that the removed device added (protocol section 8's policy). For rotations alone.
  SponsoredPolicy sponsored = SponsoredPolicy::kDropAll;
};

struct RevokeReport {
  std::optional<RotationReport> rotation;  // absent without rotation: the mailbox is ROTATION_REQUIRED
};

// Thread-compatible; borrows the core.
class Devices {
 public:
  explicit Devices(Core& core) : core_(core) {}

  // Every device of the mailbox, recovery codes' virtual devices included, by ascending device id. DATA_LOSS if the
  // server names a device that the membership log doesn't, other keys than the log's, or hides a member.
  absl::StatusOr<std::vector<DeviceView>> List(bool show_removed = false);

  // The active members that `device_id` added, itself or through others (what this device added excepted): what Revoke
  // removes along with it by default, to be shown to the user before. DEVICE_NOT_FOUND for an unknown one.
  absl::StatusOr<std::vector<DeviceView>> AddedBy(DeviceId device_id);

  // This device's fingerprint, from its own keys and without a call: what others see beside it in their lists, unless
  // something is wrong.
  absl::StatusOr<std::string> OwnFingerprint();

  // The membership log as this device has verified it up to now. Two devices that show another fingerprint for the same
  // number of entries were shown two histories: a fork, which neither can notice alone.
  struct LogNumber {
    uint64_t entries = 0;
    std::string fingerprint;
  };
  absl::StatusOr<LogNumber> Log();

  // Removes a device or a recovery code. INVALID_ARGUMENT for this device itself; DEVICE_NOT_FOUND for an unknown or
  // removed one.
  absl::StatusOr<RevokeReport> Revoke(DeviceId device_id, const RevokeOptions& options = {});

  // Opens a fresh epoch for the members as they are.
  absl::StatusOr<RotationReport> Rotate();

 private:
  absl::Status CutOff(DeviceId device_id);

  Core& core_;
};

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_DEVICES_H_
