#include "crypto/statements/device_keys.h"

#include <string_view>

#include "common/errors.h"

namespace labyrinth::crypto {
namespace {

absl::Status CheckKey(std::string_view field, const PublicKey& key) {
  if (IsBadPublicKey(key)) return errors::InvalidField(field, "not a usable public key");
  return absl::OkStatus();
}

absl::Status CheckSignature(std::string_view field, const PublicKey& device_key, SignatureUse use, const PublicKey& key,
                            const Signature& signature) {
  if (!Verify(device_key, use, key.view(), signature).ok()) {
    return errors::InvalidField(field, "not the device key's signature");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status VerifyDeviceSignatures(const DevicePublicKeys& keys) {
  const auto& auth = keys.epoch_storage_auth_key;
  if (auth.has_value() != keys.sig_31.has_value()) {
    return errors::InvalidField("keys.sig_31", "stands with an authentication key or not at all");
  }
  if (auto status = CheckKey("keys.device_key", keys.device_key); !status.ok()) return status;
  if (auto status = CheckKey("keys.epoch_storage_key", keys.epoch_storage_key); !status.ok()) return status;
  if (keys.device_key == keys.epoch_storage_key) {
    return errors::InvalidField("keys.epoch_storage_key", "equals the device key");
  }
  if (auto status = CheckSignature("keys.sig_30", keys.device_key, SignatureUse::kEpochStorageKey,
                                   keys.epoch_storage_key, keys.sig_30);
      !status.ok()) {
    return status;
  }
  if (!auth.has_value()) return absl::OkStatus();

  if (auto status = CheckKey("keys.epoch_storage_auth_key", *auth); !status.ok()) return status;
  if (*auth == keys.device_key || *auth == keys.epoch_storage_key) {
    return errors::InvalidField("keys.epoch_storage_auth_key", "equals another of the device's keys");
  }
  return CheckSignature("keys.sig_31", keys.device_key, SignatureUse::kEpochStorageAuthKey, *auth, *keys.sig_31);
}

}  // namespace labyrinth::crypto
