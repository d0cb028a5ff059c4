#include "client/convert.h"

#include <fmt/format.h>

#include <string>

namespace labyrinth::client {

absl::Status Violation(std::string_view what) { return absl::DataLossError(fmt::format("{}", what)); }

absl::Status Violation(std::string_view what, const absl::Status& inner) {
  const std::string text(inner.message());
  return absl::DataLossError(fmt::format("{}: {}", what, text));
}

void ToProto(const crypto::DevicePublicKeys& keys, v1::DeviceKeys& out) {
  out.set_device_key(keys.device_key.str());
  out.set_epoch_storage_key(keys.epoch_storage_key.str());
  if (keys.epoch_storage_auth_key.has_value()) out.set_epoch_storage_auth_key(keys.epoch_storage_auth_key->str());
  out.set_sig_30(keys.sig_30.str());
  if (keys.sig_31.has_value()) out.set_sig_31(keys.sig_31->str());
}

void ToProto(const crypto::SignedLogEntry& entry, v1::LogEntry& out) {
  out.set_entry(entry.entry);
  out.set_signature(entry.signature.str());
}

void ToProto(const crypto::SealedVirtualDevice& sealed, v1::VirtualDeviceSecrets& out) {
  out.set_device_key_private(sealed.device_key_private);
  out.set_epoch_storage_key_private(sealed.epoch_storage_key_private);
  out.set_orf_client_state(sealed.orf_client_state);
  out.set_mailbox_root_salt(sealed.mailbox_root_salt);
  out.set_epoch_root_key(sealed.epoch_root_key);
  out.set_epoch_sequence_id(sealed.epoch_sequence_id);
}

absl::StatusOr<crypto::DevicePublicKeys> FromProto(const v1::DeviceKeys& keys) {
  const auto device_key = crypto::PublicKey::From(keys.device_key());
  const auto storage_key = crypto::PublicKey::From(keys.epoch_storage_key());
  const auto sig_30 = crypto::Signature::From(keys.sig_30());
  if (!device_key || !storage_key || !sig_30) return Violation("device keys: a field has the wrong size");
  crypto::DevicePublicKeys out{.device_key = *device_key,
                               .epoch_storage_key = *storage_key,
                               .epoch_storage_auth_key = std::nullopt,
                               .sig_30 = *sig_30,
                               .sig_31 = std::nullopt};
  if (keys.epoch_storage_auth_key().empty() && keys.sig_31().empty()) return out;
  out.epoch_storage_auth_key = crypto::PublicKey::From(keys.epoch_storage_auth_key());
  out.sig_31 = crypto::Signature::From(keys.sig_31());
  if (!out.epoch_storage_auth_key || !out.sig_31) return Violation("device keys: a field has the wrong size");
  return out;
}

absl::StatusOr<crypto::SignedLogEntry> FromProto(const v1::LogEntry& entry) {
  const auto signature = crypto::Signature::From(entry.signature());
  if (!signature.has_value()) return Violation("log entry: the signature has the wrong size");
  return crypto::SignedLogEntry{entry.entry(), *signature};
}

crypto::SealedVirtualDevice FromProto(const v1::VirtualDeviceSecrets& secrets) {
  return {.device_key_private = secrets.device_key_private(),
          .epoch_storage_key_private = secrets.epoch_storage_key_private(),
          .orf_client_state = secrets.orf_client_state(),
          .mailbox_root_salt = secrets.mailbox_root_salt(),
          .epoch_root_key = secrets.epoch_root_key(),
          .epoch_sequence_id = secrets.epoch_sequence_id()};
}

}  // namespace labyrinth::client
