// What a device must keep (keychain.h stores it, keychain.proto is its form on disk).
#ifndef LABYRINTH_CLIENT_KEYCHAIN_STATE_H_
#define LABYRINTH_CLIENT_KEYCHAIN_STATE_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "client/known_epochs.h"
#include "common/ids.h"
#include "crypto/labyrinth/device_secrets.h"
#include "crypto/labyrinth/epoch_keys.h"
#include "crypto/labyrinth/one_time_keys.h"
#include "crypto/primitives/secret.h"
#include "crypto/statements/log_chain.h"

namespace labyrinth::client {

// A profile as a device of a mailbox. Move-only: copies are a visible Clone().
struct Enrolment {
  // Both are zero while the call that makes the device is pending; but a one-time code's sponsor has named the mailbox.
  MailboxId mailbox_id;
  DeviceId device_id;
  crypto::DeviceSecrets secrets;
  crypto::Secret mailbox_root_salt;
  KnownEpochs epochs;
  // The highest place of the membership log that was verified. It goes back by AcceptRestore alone (restore.h).
  crypto::LogPosition log;
  uint64_t next_change_number = 1;
  // Joined by a recovery code: no save before a fresh epoch is open (protocol section 4).
  bool fresh_epoch_required = false;
  // Joined by a one-time code: where its sponsor saw the log, which has to say the same once it is read.
  std::optional<crypto::LogPosition> sponsor_log = {};
  // When this device last saved or rotated, by its own clock, to a day (rotation_policy.h). 0: never.
  int64_t last_write_ms = 0;
  // Of the server's store, when the log was last verified. 0: not known.
  uint64_t generation = 0;
  // Every device that a verified log ever named as removed: it stays so, whatever a log says that went back.
  std::set<crypto::PublicKey> removed_keys = {};
  // Of epochs that the server lost in a restore.
  std::vector<crypto::Epoch> lost_epochs = {};

  Enrolment Clone() const;
};

// Requests are serialized protobufs: a repeat must be the same bytes.
struct PendingCreateMailbox {
  crypto::Secret request;
  Enrolment enrolment;      // without ids and epochs: the answer names them
  crypto::Secret root_key;  // of the first epoch
};
struct PendingRegisterDevice {
  crypto::Secret request;
  Enrolment enrolment;  // without ids
};
struct PendingOpenEpoch {
  crypto::Secret request;
  uint32_t sequence_id = 0;
  crypto::Secret root_key;
  crypto::LogPosition log;  // after the request's entries
};
struct PendingRevokeDevice {
  crypto::Secret request;
  crypto::LogPosition log;
};
using PendingOperation =
    std::variant<PendingCreateMailbox, PendingRegisterDevice, PendingOpenEpoch, PendingRevokeDevice>;

struct PendingRecoveryCode {
  crypto::Secret request;
  crypto::Secret code;  // as it will be shown
  crypto::LogPosition log;

  PendingRecoveryCode Clone() const { return {request.Clone(), code.Clone(), log}; }
};

// Guesses and consents of one-time codes. They count before anything that they allow leaves this device, and no crash
// takes them back. Value type.
struct OneTimeCounters {
  // The enrolment that this profile takes part in, on either side. One that is left over from an earlier run of the
  // program can't go on, since what its runs need is never written down.
  std::optional<crypto::EnrollmentId> enrollment_id;
  uint32_t guesses = 0;  // runs of it that have begun, to limits::kEnrollmentRuns
  // Unix milliseconds, ascending, to the bounds of client/enrollment/counters.h.
  std::vector<int64_t> guess_ms;    // as the new device: when its runs began
  std::vector<int64_t> consent_ms;  // as a member: when its codes were shown
};

struct KeychainState {
  std::string server_name;
  std::string account_id;
  std::optional<Enrolment> enrolment;
  // The one call whose outcome isn't known yet; every operation settles it first.
  std::optional<PendingOperation> pending;
  // Apart, since only its own operation can hand the code to the user.
  std::optional<PendingRecoveryCode> pending_code;
  OneTimeCounters one_time;

  KeychainState Clone() const;
};

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_KEYCHAIN_STATE_H_
