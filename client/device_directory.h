// Device ids joined with the membership log: which number is which set of keys.
#ifndef LABYRINTH_CLIENT_DEVICE_DIRECTORY_H_
#define LABYRINTH_CLIENT_DEVICE_DIRECTORY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/core.h"
#include "common/ids.h"
#include "crypto/statements/device_keys.h"
#include "crypto/statements/membership.h"

namespace labyrinth::client {

// One device: keys and membership from the verified log, the number and the day from the server.
struct DeviceView {
  DeviceId device_id;
  crypto::DevicePublicKeys keys;
  bool this_device = false;
  // A member by the log. `cut_off` is a member that the server refuses although no member signed its removal (the
  // operator or the account holder did it): the next rotation signs it.
  bool active = false;
  bool cut_off = false;
  bool signatures_valid = true;  // else a rotation drops it
  int64_t added_ms = 0;          // by its sponsor's clock
  int64_t last_seen_day_ms = 0;  // the server's word
  crypto::PublicKey sponsor;     // its own key for the first device
  DeviceId sponsor_id;           // that device's number; invalid if it was removed and isn't listed
  std::string fingerprint;       // to be compared with what the device shows of itself (fingerprint.h)

  bool is_virtual() const { return keys.kind() == crypto::SubjectKind::kVirtual; }
};

// The mailbox's devices, removed ones too, at one moment of the log. Value type.
class DeviceDirectory {
 public:
  // Lists and checks. DATA_LOSS, named: a device whose keys aren't in the log or differ from it, a number or a key
  // listed twice, an active member of the log that isn't listed, one that the log removed but the server calls active.
  // `own_key` marks this device.
  static absl::StatusOr<DeviceDirectory> Fetch(Api& api, const crypto::MembershipState& log,
                                               const crypto::PublicKey& own_key);

  // By ascending device id.
  const std::vector<DeviceView>& devices() const { return devices_; }
  // nullptr if unknown.
  const DeviceView* Find(DeviceId id) const;
  const DeviceView* Find(const crypto::PublicKey& device_key) const;

 private:
  std::vector<DeviceView> devices_;
};

// Refreshes the core, then fetches. A device that joins in between shows as one that the log doesn't know: where the
// log has moved on, both are read again, a few times.
absl::StatusOr<DeviceDirectory> RefreshDirectory(Core& core);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_DEVICE_DIRECTORY_H_
