// Acting as the virtual device of a recovery code (protocol section 4).
#ifndef LABYRINTH_CLIENT_OPENED_CODE_H_
#define LABYRINTH_CLIENT_OPENED_CODE_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/api.h"
#include "client/core.h"
#include "client/known_epochs.h"
#include "client/verified_log.h"
#include "common/ids.h"
#include "crypto/labyrinth/virtual_device.h"
#include "crypto/primitives/secret.h"
#include "crypto/statements/device_keys.h"
#include "crypto/statements/log_chain.h"

namespace labyrinth::client {

// A virtual device, opened and signed in. What it has verified starts at nothing. On a profile that is a device the log
// must contain what that device has seen; a blank profile has no mark, so a consistent old prefix of the log can't be
// told from the whole (protocol section 8, last paragraph). Move-only; thread-compatible; borrows the connection.
class OpenedCode {
 public:
  // Corrects the typed code on this device against the account's public checks, fetches the one virtual device that
  // answers to it and opens its secrets. INVALID_ARGUMENT: not a code; VIRTUAL_DEVICE_NOT_FOUND: nothing near to what
  // was typed.
  static absl::StatusOr<OpenedCode> Open(Core& core, const crypto::Secret& typed);

  // Reads the log's new entries, checks that the virtual device is a member, and chains forward with its keys from the
  // epoch that it was made in, whose record is checked first.
  absl::Status Refresh();

  int corrected_characters() const { return corrected_characters_; }
  DeviceId device_id() const { return device_id_; }
  const VirtualDeviceId& virtual_device_id() const { return virtual_device_id_; }
  const crypto::VirtualDeviceSecrets& secrets() const { return secrets_; }
  const VerifiedLog& log() const { return log_; }
  const KnownEpochs& epochs() const { return epochs_; }

 private:
  OpenedCode(Core& core, crypto::VirtualDeviceSecrets secrets)
      : secrets_(std::move(secrets)),
        log_(core.names()),
        kept_(core.HasDevice() ? core.enrolment().log : crypto::LogPosition()) {}

  int corrected_characters_ = 0;
  DeviceId device_id_;
  VirtualDeviceId virtual_device_id_;
  crypto::DevicePublicKeys keys_;
  crypto::VirtualDeviceSecrets secrets_;
  std::unique_ptr<Api> api_;
  VerifiedLog log_;
  crypto::LogPosition kept_;  // the highest place that this profile or this object has verified
  KnownEpochs epochs_;
  bool start_checked_ = false;
};

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_OPENED_CODE_H_
