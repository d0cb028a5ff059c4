#include "service/mailbox/rules.h"

#include <utility>

#include "common/errors.h"
#include "common/limits.h"

namespace labyrinth::mailbox {

namespace keys = storage::keys;

absl::StatusOr<std::optional<storage_v1::RequestRecord>> Recall(const Transaction& txn, const RequestKey& request) {
  auto record = txn.Get<storage_v1::RequestRecord>(keys::Request(request.id));
  if (!record.ok() || !record->has_value()) return record;
  if ((*record)->request_hash() != request.hash.view()) return errors::RequestIdReused();
  return record;
}

void Remember(Transaction& txn, const RequestKey& request, storage_v1::RequestRecord record) {
  record.set_request_hash(request.hash.str());
  record.set_create_ms(txn.now_ms());
  record.set_revision(txn.commit_revision());
  txn.Put(keys::Request(request.id), record);
  txn.PutMark(keys::RequestAge(txn.now_ms(), request.id));
  txn.WakeBy(txn.now_ms() + limits::kRequestIdTtlMs, limits::kUpkeepSlackMs);
}

absl::Status CheckMailbox(const Transaction& txn, const Caller& caller) {
  if (!txn.has_mailbox() || txn.position().incarnation != caller.incarnation) return errors::MailboxNotFound();
  return absl::OkStatus();
}

absl::StatusOr<storage_v1::DeviceRecord> ActiveCaller(const Transaction& txn, const Caller& caller) {
  if (absl::Status status = CheckMailbox(txn, caller); !status.ok()) return status;
  auto device = txn.Get<storage_v1::DeviceRecord>(keys::Device(caller.device_id));
  if (!device.ok()) return device.status();
  if (!device->has_value() || (*device)->revoked()) return errors::DeviceRevoked();
  if ((*device)->kind() != storage_v1::DEVICE_KIND_PHYSICAL) {
    return errors::TokenInvalid("session: a recovery code's device may not make this call");
  }
  return **std::move(device);
}

absl::Status CheckCurrentEpoch(const storage_v1::MailboxHead& head, EpochId expected) {
  const EpochId current(head.current_epoch_id());
  if (expected != current) return errors::EpochStale(current, head.current_sequence_id());
  return absl::OkStatus();
}

absl::StatusOr<crypto::DevicePublicKeys> KeysOf(const storage_v1::DeviceRecord& record) {
  const absl::Status damaged = errors::DataDamaged("DeviceRecord");
  crypto::DevicePublicKeys out;
  const auto device_key = crypto::PublicKey::From(record.device_key());
  const auto storage_key = crypto::PublicKey::From(record.epoch_storage_key());
  const auto sig_30 = crypto::Signature::From(record.sig_30());
  if (!device_key || !storage_key || !sig_30) return damaged;
  out.device_key = *device_key;
  out.epoch_storage_key = *storage_key;
  out.sig_30 = *sig_30;
  if (record.kind() == storage_v1::DEVICE_KIND_PHYSICAL) {
    out.epoch_storage_auth_key = crypto::PublicKey::From(record.epoch_storage_auth_key());
    out.sig_31 = crypto::Signature::From(record.sig_31());
    if (!out.epoch_storage_auth_key || !out.sig_31) return damaged;
  }
  return out;
}

storage_v1::DeviceRecord ToDeviceRecord(const crypto::DevicePublicKeys& keys, std::string_view sealed_label,
                                        int64_t create_ms) {
  storage_v1::DeviceRecord record;
  record.set_device_key(keys.device_key.str());
  record.set_epoch_storage_key(keys.epoch_storage_key.str());
  record.set_sig_30(keys.sig_30.str());
  record.set_kind(storage_v1::DEVICE_KIND_VIRTUAL);
  if (keys.kind() == crypto::SubjectKind::kPhysical) {
    record.set_kind(storage_v1::DEVICE_KIND_PHYSICAL);
    record.set_epoch_storage_auth_key(keys.epoch_storage_auth_key->str());
    record.set_sig_31(keys.sig_31->str());
  }
  record.set_sealed_label(std::string(sealed_label));
  record.set_create_ms(create_ms);
  return record;
}

}  // namespace labyrinth::mailbox
