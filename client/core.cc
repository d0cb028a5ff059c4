#include "client/core.h"

#include <utility>

#include "client/convert.h"
#include "client/epoch_walk.h"
#include "client/pending.h"

namespace labyrinth::client {

Core::Core(Keychain& keychain, Connection& connection, const RotationPolicy& rotation)
    : keychain_(keychain),
      connection_(connection),
      rotation_policy_(rotation),
      account_(connection),
      log_({keychain.state().server_name, keychain.state().account_id}) {}

Api& Core::api() {
  if (api_ == nullptr) {
    api_ = std::make_unique<Api>(connection_, SessionIdentity{.server_name = state().server_name,
                                                              .account_id = state().account_id,
                                                              .mailbox_id = enrolment().mailbox_id,
                                                              .device_id = enrolment().device_id,
                                                              .kind = crypto::SubjectKind::kPhysical,
                                                              .device_key = enrolment().secrets.device_key.Clone()});
  }
  return *api_;
}

absl::Status Core::RequireDevice() {
  if (!HasDevice()) {
    if (absl::Status s = SettleLeftover(*this); !s.ok()) return s;
  }
  if (!HasDevice()) {
    return absl::FailedPreconditionError("this profile is no device yet: create a mailbox or join one");
  }
  return absl::OkStatus();
}

absl::Status Core::Ready() {
  if (absl::Status s = RequireDevice(); !s.ok()) return s;
  return fresh_ ? absl::OkStatus() : Refresh();
}

absl::Status Core::Refresh() {
  VerifiedLog log = log_;
  if (absl::Status s = SyncLog(api(), enrolment().log, log); !s.ok()) return s;
  const crypto::LogMember* self = log.state().Find(device_key());
  if (self == nullptr) return Violation("membership log: it doesn't name this device");
  if (!self->active())
    return absl::FailedPreconditionError("this device was removed by a signed entry of the membership log");

  KnownEpochs epochs = enrolment().epochs.Clone();
  const Recipient recipient{.device_id = enrolment().device_id,
                            .device_key = device_key(),
                            .epoch_storage_key = enrolment().secrets.epoch_storage_key};
  if (absl::Status s = ChainForward(api(), log, recipient, epochs); !s.ok()) return s;

  if (log.position() != enrolment().log || epochs.size() != enrolment().epochs.size()) {
    const absl::Status kept = Update([&](KeychainState& state) {
      state.enrolment->log = log.position();
      state.enrolment->epochs = std::move(epochs);
    });
    if (!kept.ok()) return kept;
  }
  log_ = std::move(log);
  fresh_ = true;
  return absl::OkStatus();
}

absl::Status Core::ReachFirstEpoch() {
  if (enrolment().epochs.complete()) return absl::OkStatus();
  KnownEpochs epochs = enrolment().epochs.Clone();
  if (absl::Status s = ChainBackward(api(), log_, epochs); !s.ok()) return s;
  return Update([&](KeychainState& state) { state.enrolment->epochs = std::move(epochs); });
}

void Core::ResetDevice() {
  api_.reset();
  log_ = VerifiedLog(names());
  fresh_ = false;
}

}  // namespace labyrinth::client
