// Opening an epoch: who stays, who goes, and the race with other members (protocol sections 3, 5 and 8).
#ifndef LABYRINTH_CLIENT_ROTATION_H_
#define LABYRINTH_CLIENT_ROTATION_H_

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/core.h"
#include "client/device_directory.h"
#include "common/ids.h"
#include "crypto/primitives/x25519.h"

namespace labyrinth::client {

enum class RemovalCause {
  kRequested,       // the caller named it
  kCutOff,          // the server refused it already, without a member's signature; this rotation signs the removal
  kSponsored,       // added by a device that this rotation removes, or further down that chain
  kWrongMac,        // its MAC in the previous epoch doesn't verify: whoever added it didn't know the epoch's key
  kWrongSignature,  // a signature over its keys doesn't verify
  kRemovedBefore,   // this device had seen it removed, before the server's log went back (restore.h)
};

struct RemovedDevice {
  DeviceId device_id;
  crypto::PublicKey device_key;
  RemovalCause cause = RemovalCause::kRequested;
};

// What a rotation did; everything in it is to be shown to the user.
struct RotationReport {
  EpochId epoch_id;
  uint32_t epoch_sequence = 0;
  std::vector<DeviceId> members;  // of the new epoch
  std::vector<RemovedDevice> removed;
  // Members that stay although a removed device stands in their chain of sponsors (SponsoredPolicy).
  std::vector<DeviceId> kept_sponsored;
  // Recovery codes that stay although a removed device joined with them, and may know them: offer to revoke these too.
  std::vector<DeviceId> codes_known_to_removed;
};

// What becomes of members that a removed device added. A thief of a device can make a recovery code with it and join a
// device of its own with that code, hence the default.
enum class SponsoredPolicy {
  kDropAll,     // and what those added, and so on, the opener and what it added excepted
  kDropDirect,  // the removed device's own additions alone
  kKeep,
};

struct RotationRequest {
  std::set<DeviceId> remove;
  SponsoredPolicy sponsored = SponsoredPolicy::kDropAll;
  std::set<crypto::PublicKey> removed_before = {};  // filled in by Rotate: what this device remembers
};

// Opens the next epoch. Every member that stays was checked: its keys against the log, its signatures, its MAC in the
// epoch before. Lost races (EPOCH_STALE, LOG_STALE, MEMBERS_MISMATCH) are followed by reading everything anew, up to
// kRotationAttempts times; then the last error stands. The request is kept before it is sent.
inline constexpr int kRotationAttempts = 5;
absl::StatusOr<RotationReport> Rotate(Core& core, const RotationRequest& request);

// Rotates where the core's policy says so (rotation_policy.h), after looking whether another member has rotated
// meanwhile. nullopt: it isn't due, which costs no call.
absl::StatusOr<std::optional<RotationReport>> RotateIfDue(Core& core);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_ROTATION_H_
