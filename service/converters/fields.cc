#include "service/converters/fields.h"

#include <algorithm>
#include <string>
#include <utility>

#include "common/limits.h"
#include "crypto/statements/codec.h"

namespace labyrinth::service {

absl::Status CheckBytes(std::string_view bytes, std::string_view field, std::string_view limit, uint32_t limit_bytes) {
  if (bytes.empty()) return errors::InvalidField(field, "required");
  if (bytes.size() > limit_bytes) return errors::LimitExceeded(field, limit, limit_bytes);
  return absl::OkStatus();
}

absl::StatusOr<mailbox::RequestKey> ParseRequestKey(std::string_view request_id, std::string_view method,
                                                    const google::protobuf::Message& request) {
  absl::StatusOr<RequestId> id = ParseFixed<RequestId>(request_id, "request_id");
  if (!id.ok()) return id.status();
  std::string hashed;
  crypto::AppendLv(hashed, method);
  // No request has a map, so that serializing it again gives the same bytes.
  crypto::AppendLv(hashed, request.SerializeAsString());
  return mailbox::RequestKey{*id, crypto::Sha256(hashed)};
}

absl::StatusOr<crypto::DevicePublicKeys> ParseDeviceKeys(const v1::DeviceKeys& keys, crypto::SubjectKind kind) {
  crypto::DevicePublicKeys out;
  auto device_key = ParseFixed<crypto::PublicKey>(keys.device_key(), "keys.device_key");
  if (!device_key.ok()) return device_key.status();
  auto storage_key = ParseFixed<crypto::PublicKey>(keys.epoch_storage_key(), "keys.epoch_storage_key");
  if (!storage_key.ok()) return storage_key.status();
  auto sig_30 = ParseFixed<crypto::Signature>(keys.sig_30(), "keys.sig_30");
  if (!sig_30.ok()) return sig_30.status();
  out.device_key = *device_key;
  out.epoch_storage_key = *storage_key;
  out.sig_30 = *sig_30;
  if (kind == crypto::SubjectKind::kPhysical) {
    auto auth_key = ParseFixed<crypto::PublicKey>(keys.epoch_storage_auth_key(), "keys.epoch_storage_auth_key");
    if (!auth_key.ok()) return auth_key.status();
    auto sig_31 = ParseFixed<crypto::Signature>(keys.sig_31(), "keys.sig_31");
    if (!sig_31.ok()) return sig_31.status();
    out.epoch_storage_auth_key = *auth_key;
    out.sig_31 = *sig_31;
  } else if (!keys.epoch_storage_auth_key().empty() || !keys.sig_31().empty()) {
    return errors::InvalidField("keys.epoch_storage_auth_key", "a virtual device has none");
  }
  if (absl::Status status = crypto::VerifyDeviceSignatures(out); !status.ok()) return status;
  return out;
}

absl::StatusOr<crypto::SignedLogEntry> ParseLogEntry(const v1::LogEntry& entry, std::string_view field) {
  const std::string bytes_field = fmt::format("{}.entry", field);
  auto status = CheckBytes(entry.entry(), bytes_field, "log_entry_bytes", limits::kLogEntryBytes);
  if (!status.ok()) return status;
  auto signature = ParseFixed<crypto::Signature>(entry.signature(), fmt::format("{}.signature", field));
  if (!signature.ok()) return signature.status();
  return crypto::SignedLogEntry{entry.entry(), *signature};
}

absl::StatusOr<crypto::SealedVirtualDevice> ParseSecrets(const v1::VirtualDeviceSecrets& secrets) {
  crypto::SealedVirtualDevice out{secrets.device_key_private(), secrets.epoch_storage_key_private(),
                                  secrets.orf_client_state(),   secrets.mailbox_root_salt(),
                                  secrets.epoch_root_key(),     secrets.epoch_sequence_id()};
  for (std::string_view sealed : out.InOrder()) {
    auto status = CheckBytes(sealed, "secrets", "virtual_device_secret_bytes", limits::kVirtualDeviceSecretBytes);
    if (!status.ok()) return status;
  }
  return out;
}

absl::StatusOr<mailbox::PageRequest> ParsePage(int32_t page_size, std::string_view page_token) {
  if (page_size < 0) return errors::InvalidField("page_size", "must not be negative");
  const uint32_t size = page_size == 0 ? limits::kPageItemsDefault : static_cast<uint32_t>(page_size);
  return mailbox::PageRequest{std::min(size, limits::kPageItems), std::string(page_token)};
}

void ToProto(const storage_v1::DeviceRecord& record, v1::DeviceKeys& keys) {
  keys.set_device_key(record.device_key());
  keys.set_epoch_storage_key(record.epoch_storage_key());
  keys.set_epoch_storage_auth_key(record.epoch_storage_auth_key());
  keys.set_sig_30(record.sig_30());
  keys.set_sig_31(record.sig_31());
}

void ToProto(DeviceId id, const storage_v1::DeviceRecord& record, v1::Device& device) {
  device.set_device_id(id.value());
  ToProto(record, *device.mutable_keys());
  device.set_kind(record.kind() == storage_v1::DEVICE_KIND_VIRTUAL ? v1::DEVICE_KIND_VIRTUAL
                                                                   : v1::DEVICE_KIND_PHYSICAL);
  device.set_state(record.revoked() ? v1::DEVICE_STATE_REVOKED : v1::DEVICE_STATE_ACTIVE);
  device.set_sealed_label(record.sealed_label());
  device.set_create_ms(record.create_ms());
  device.set_last_seen_day_ms(record.last_seen_day_ms());
}

}  // namespace labyrinth::service
