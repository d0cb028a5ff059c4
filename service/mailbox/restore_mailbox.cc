#include "service/mailbox/restore_mailbox.h"

#include <algorithm>

#include "service/mailbox/membership.h"

namespace labyrinth::mailbox {

namespace keys = storage::keys;

void RestoreMailboxOperation::Need(const BatchState&, std::vector<std::string>& keys) const {
  keys.push_back(keys::Roster());
  for (const Revocation& revocation : revocations_) {
    for (const RevokedDevice& device : revocation.devices) {
      keys.push_back(keys::Device(device.id));
      keys.push_back(keys::DeviceKey(device.device_key));
    }
  }
}

absl::Status RestoreMailboxOperation::Decide(Transaction& txn) {
  result_ = {};
  if (!txn.has_mailbox()) return absl::OkStatus();
  const auto of_this_mailbox = [&](const Revocation& revocation) {
    return revocation.mailbox_id == txn.head().mailbox_id();
  };
  if (std::any_of(revocations_.begin(), revocations_.end(),
                  [&](const Revocation& r) { return of_this_mailbox(r) && r.devices.empty(); })) {
    result_.deleted = true;
    txn.Drop();
    return absl::OkStatus();
  }
  // Nothing to tell, but for what is removed; and deciding again changes nothing.
  txn.LeaveNoTrace();
  if (!txn.head().rotation_required()) {
    txn.mutable_head().set_rotation_required(true);
    txn.CommitHead();
  }
  for (const Revocation& revocation : revocations_) {
    if (!of_this_mailbox(revocation)) continue;
    for (const RevokedDevice& device : revocation.devices) {
      if (absl::Status replayed = Replay(txn, device); !replayed.ok()) return replayed;
    }
  }
  return absl::OkStatus();
}

absl::Status RestoreMailboxOperation::Replay(Transaction& txn, const RevokedDevice& device) {
  auto record = txn.Get<storage_v1::DeviceRecord>(keys::Device(device.id));
  if (!record.ok()) return record.status();
  if (record->has_value()) {
    if ((*record)->revoked()) return absl::OkStatus();
    ++result_.revoked;
    // The backup's log knows of no entry that says so: the next epoch's opener signs one.
    return RevokeDevice(txn, device.id, /*signed_in_log=*/false, DeviceId());
  }
  auto by_key = txn.Get<storage_v1::DeviceKeyRecord>(keys::DeviceKey(device.device_key));
  if (!by_key.ok()) return by_key.status();
  if (by_key->has_value()) return absl::OkStatus();
  storage_v1::DeviceKeyRecord barred;
  barred.set_barred(true);
  txn.Put(keys::DeviceKey(device.device_key), barred);
  ++result_.barred;
  return absl::OkStatus();
}

}  // namespace labyrinth::mailbox
