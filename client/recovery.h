// Recovery codes: making one, and becoming a device with one (protocol section 4).
#ifndef LABYRINTH_CLIENT_RECOVERY_H_
#define LABYRINTH_CLIENT_RECOVERY_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/core.h"
#include "client/device_directory.h"
#include "client/rotation.h"
#include "common/ids.h"
#include "crypto/primitives/secret.h"

namespace labyrinth::client {

struct CreatedCode {
  // Forty characters in groups of five, to be shown once. The library keeps no copy after the call returned.
  crypto::Secret code;
  // The virtual device that answers to it: revoke the code with Devices::Revoke.
  DeviceId device_id;
};

struct JoinReport {
  DeviceId device_id;               // this device's
  int corrected_characters = 0;     // of the code as it was typed
  DeviceId virtual_device_id;       // the recovery code's
  std::vector<DeviceView> members;  // by the log, after joining: to be shown to the user
  RotationReport rotation;          // the fresh epoch that joining opened
};

struct CodeTest {
  int corrected_characters = 0;
  DeviceId virtual_device_id;
  uint32_t epoch_sequence = 0;  // the newest epoch that the code reaches
};

// Thread-compatible; borrows the core.
class Recovery {
 public:
  explicit Recovery(Core& core) : core_(core) {}

  // Makes a virtual device and the code that opens it. After a crash, the next call repeats the interrupted one and
  // gives its code.
  absl::StatusOr<CreatedCode> CreateCode();

  // Makes this profile a device of the account's mailbox. Typing errors in up to three characters are corrected on this
  // device, with no guess sent to the server. Then, in this order: the log is verified, the epochs are chained forward,
  // the device is registered with the code's signature, the epochs are chained backward, and a fresh epoch is opened
  // for exactly the log's members: after that, nothing this device writes can be read with keys from a truncated chain.
  // If the last step fails the profile is a device all the same, and the first save does it. VIRTUAL_DEVICE_NOT_FOUND:
  // no code of this account is near to what was typed; INVALID_ARGUMENT: not a code at all; FAILED_PRECONDITION: this
  // profile is a device already.
  absl::StatusOr<JoinReport> Join(const crypto::Secret& typed_code);

  // Whether a code would work, without registering anything: opens the virtual device and chains forward as it.
  absl::StatusOr<CodeTest> Test(const crypto::Secret& typed_code);

 private:
  absl::StatusOr<CreatedCode> AttemptCreateCode();
  absl::StatusOr<CreatedCode> SendPendingCode();

  Core& core_;
};

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_RECOVERY_H_
