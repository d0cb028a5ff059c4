#include "client/core.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "client/convert.h"
#include "client/epoch_walk.h"
#include "client/pending.h"
#include "common/errors.h"

namespace labyrinth::client {
namespace {

// The epoch that a one-time code's sponsor handed over, against the server's record of it, the log, and this device's
// own row. The sponsor itself, and its being a member, stand in the signed entry that SyncLog found at its place.
absl::Status CheckHandedEpoch(Api& api, const VerifiedLog& log, const Enrolment& enrolment) {
  const crypto::Epoch& epoch = enrolment.epochs.oldest();
  const auto record = FetchRecord(api, log, epoch);
  if (!record.ok()) return record.status();
  return CheckMemberMac(epoch, *record, enrolment.device_id, enrolment.secrets.public_keys.device_key);
}

absl::Status RestoredError(uint64_t generation, const absl::Status& lost) {
  const std::string text(lost.message());
  return errors::Make(Reason::kStoreRestored,
                      "the server's store was restored from a backup and lost something: " + text,
                      {{"generation", std::to_string(generation)}, {"of", "membership log"}});
}

}  // namespace

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
  std::vector<crypto::LogPosition> kept = {enrolment().log};
  const bool unread = enrolment().sponsor_log.has_value();
  if (unread) kept.push_back(*enrolment().sponsor_log);
  const absl::Status synced = SyncLog(api(), kept, log);
  const uint64_t told = api().session().generation();
  const uint64_t generation = told != 0 ? told : enrolment().generation;
  const bool announced = enrolment().generation != 0 && generation != enrolment().generation;
  // By the server's own word its store came back from a backup: going on is for the user to decide (restore.h).
  if (absl::IsDataLoss(synced) && announced) return RestoredError(generation, synced);
  if (!synced.ok()) return synced;
  const crypto::LogMember* self = log.state().Find(device_key());
  if (self == nullptr) return Violation("membership log: it doesn't name this device");
  if (!self->active())
    return absl::FailedPreconditionError("this device was removed by a signed entry of the membership log");

  if (unread) {
    if (absl::Status s = CheckHandedEpoch(api(), log, enrolment()); !s.ok()) return s;
  }

  KnownEpochs epochs = enrolment().epochs.Clone();
  const Recipient recipient{.device_id = enrolment().device_id,
                            .device_key = device_key(),
                            .epoch_storage_key = enrolment().secrets.epoch_storage_key};
  if (absl::Status s = ChainForward(api(), log, recipient, epochs); !s.ok()) return s;

  std::set<crypto::PublicKey> removed = enrolment().removed_keys;
  for (const crypto::PublicKey& key : log.device_keys()) {
    if (!log.state().Find(key)->active()) removed.insert(key);
  }
  if (unread || log.position() != enrolment().log || epochs.size() != enrolment().epochs.size() ||
      generation != enrolment().generation || removed.size() != enrolment().removed_keys.size()) {
    const absl::Status updated = Update([&](KeychainState& state) {
      state.enrolment->generation = generation;
      state.enrolment->removed_keys = std::move(removed);
      state.enrolment->log = log.position();
      state.enrolment->epochs = std::move(epochs);
      state.enrolment->sponsor_log.reset();
    });
    if (!updated.ok()) return updated;
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
