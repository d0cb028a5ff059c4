#include "client/keychain_state.h"

namespace labyrinth::client {
namespace {

crypto::DeviceSecrets CloneSecrets(const crypto::DeviceSecrets& secrets) {
  std::optional<crypto::KeyPair> auth_key;
  if (secrets.epoch_storage_auth_key.has_value()) auth_key = secrets.epoch_storage_auth_key->Clone();
  return {.device_key = secrets.device_key.Clone(),
          .epoch_storage_key = secrets.epoch_storage_key.Clone(),
          .epoch_storage_auth_key = std::move(auth_key),
          .orf = secrets.orf.Clone(),
          .public_keys = secrets.public_keys};
}

PendingCreateMailbox Copy(const PendingCreateMailbox& p) {
  return {p.request.Clone(), p.enrolment.Clone(), p.root_key.Clone()};
}
PendingRegisterDevice Copy(const PendingRegisterDevice& p) { return {p.request.Clone(), p.enrolment.Clone()}; }
PendingOpenEpoch Copy(const PendingOpenEpoch& p) {
  return {p.request.Clone(), p.sequence_id, p.root_key.Clone(), p.log};
}
PendingRevokeDevice Copy(const PendingRevokeDevice& p) { return {p.request.Clone(), p.log}; }

}  // namespace

Enrolment Enrolment::Clone() const {
  std::vector<crypto::Epoch> lost;
  for (const crypto::Epoch& epoch : lost_epochs) lost.push_back(epoch.Clone());
  return {.mailbox_id = mailbox_id,
          .device_id = device_id,
          .secrets = CloneSecrets(secrets),
          .mailbox_root_salt = mailbox_root_salt.Clone(),
          .epochs = epochs.Clone(),
          .log = log,
          .next_change_number = next_change_number,
          .fresh_epoch_required = fresh_epoch_required,
          .sponsor_log = sponsor_log,
          .last_write_ms = last_write_ms,
          .generation = generation,
          .removed_keys = removed_keys,
          .lost_epochs = std::move(lost)};
}

KeychainState KeychainState::Clone() const {
  KeychainState copy;
  copy.server_name = server_name;
  copy.account_id = account_id;
  if (enrolment.has_value()) copy.enrolment = enrolment->Clone();
  if (pending.has_value()) {
    copy.pending = std::visit([](const auto& p) { return PendingOperation(Copy(p)); }, *pending);
  }
  if (pending_code.has_value()) copy.pending_code = pending_code->Clone();
  copy.one_time = one_time;
  return copy;
}

}  // namespace labyrinth::client
