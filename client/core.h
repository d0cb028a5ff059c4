// What all operations of one client share.
#ifndef LABYRINTH_CLIENT_CORE_H_
#define LABYRINTH_CLIENT_CORE_H_

#include <memory>
#include <optional>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/api.h"
#include "client/connection.h"
#include "client/keychain.h"
#include "client/rotation_policy.h"
#include "client/verified_log.h"
#include "common/ids.h"

namespace labyrinth::client {

// The keychain, the connection, and what was verified since the process started. Operations call Ready (or Refresh)
// before they rely on the log or the epochs. Thread-compatible; borrows its parts.
class Core {
 public:
  Core(Keychain& keychain, Connection& connection, const RotationPolicy& rotation);

  bool HasDevice() const { return keychain_.state().enrolment.has_value(); }
  const KeychainState& state() const { return keychain_.state(); }
  const Enrolment& enrolment() const { return *keychain_.state().enrolment; }  // only with a device
  const crypto::PublicKey& device_key() const { return enrolment().secrets.public_keys.device_key; }
  crypto::LogNames names() const { return {state().server_name, state().account_id}; }
  absl::Status Update(absl::FunctionRef<void(KeychainState&)> change) { return keychain_.Update(change); }

  AccountApi& account() { return account_; }
  Api& api();  // this device's; only with a device
  const VerifiedLog& log() const { return log_; }
  Clock& clock() { return connection_.clock(); }
  RandomSource& random() { return connection_.random(); }
  Connection& connection() { return connection_; }
  const RotationPolicy& rotation_policy() const { return rotation_policy_; }

  // FAILED_PRECONDITION unless this profile is a device. Settles an interrupted Create or Join first.
  absl::Status RequireDevice();

  // RequireDevice, and the log and the epochs were verified at least once in this process.
  absl::Status Ready();

  // Reads the log's new entries and chains forward to the newest epoch, and keeps both. DATA_LOSS where the server's
  // word fails a check; then nothing is kept. STORE_RESTORED (details: `of` = "membership log") where the log went back
  // and the server has announced a restore: AcceptRestore (restore.h) is the way on. FAILED_PRECONDITION if the log
  // says that this device was removed. A device that joined by a one-time code holds what its sponsor said against log
  // and epoch here, before anything else.
  absl::Status Refresh();

  // Chains backward to epoch 0, where that wasn't done yet.
  absl::Status ReachFirstEpoch();

  // Forgets the session and the log: after the profile became another device, or none.
  void ResetDevice();

  // A verified log that was read otherwise (by a joining device, as its virtual device). Contains the keychain's
  // position.
  void AdoptLog(VerifiedLog log) { log_ = std::move(log); }

 private:
  Keychain& keychain_;
  Connection& connection_;
  const RotationPolicy rotation_policy_;
  AccountApi account_;
  std::unique_ptr<Api> api_;
  VerifiedLog log_;
  bool fresh_ = false;  // Refresh succeeded once
};

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_CORE_H_
