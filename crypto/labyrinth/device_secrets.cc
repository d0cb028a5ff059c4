#include "crypto/labyrinth/device_secrets.h"

#include <utility>

#include "common/errors.h"
#include "crypto/primitives/xeddsa.h"

namespace labyrinth::crypto {
namespace {

absl::StatusOr<KeyPair> PairOf(Secret private_key, const PublicKey& expected) {
  auto pair = KeyPair::FromPrivate(std::move(private_key));
  if (!pair.ok() || pair->public_key != expected) return errors::DataDamaged("a device's private key");
  return pair;
}

}  // namespace

absl::StatusOr<DevicePublicKeys> SignDeviceKeys(const KeyPair& device_key, const PublicKey& epoch_storage_key,
                                                const std::optional<PublicKey>& epoch_storage_auth_key,
                                                RandomSource& random) {
  DevicePublicKeys keys;
  keys.device_key = device_key.public_key;
  keys.epoch_storage_key = epoch_storage_key;
  const auto sig_30 = Sign(device_key.private_key, SignatureUse::kEpochStorageKey, epoch_storage_key.view(), random);
  if (!sig_30.ok()) return sig_30.status();
  keys.sig_30 = *sig_30;
  if (!epoch_storage_auth_key.has_value()) return keys;

  keys.epoch_storage_auth_key = epoch_storage_auth_key;
  const auto sig_31 =
      Sign(device_key.private_key, SignatureUse::kEpochStorageAuthKey, epoch_storage_auth_key->view(), random);
  if (!sig_31.ok()) return sig_31.status();
  keys.sig_31 = *sig_31;
  return keys;
}

absl::StatusOr<DeviceSecrets> DeviceSecrets::Generate(SubjectKind kind, OrfClientState orf, RandomSource& random) {
  if (kind != SubjectKind::kPhysical && kind != SubjectKind::kVirtual) {
    return absl::InvalidArgumentError("a device is physical or virtual");
  }
  KeyPair device = KeyPair::Generate(random);
  KeyPair storage = KeyPair::Generate(random);
  std::optional<KeyPair> auth;
  std::optional<PublicKey> auth_public;
  if (kind == SubjectKind::kPhysical) {
    auth = KeyPair::Generate(random);
    auth_public = auth->public_key;
  }
  auto public_keys = SignDeviceKeys(device, storage.public_key, auth_public, random);
  if (!public_keys.ok()) return public_keys.status();
  return DeviceSecrets{std::move(device), std::move(storage), std::move(auth), std::move(orf), *public_keys};
}

absl::StatusOr<DeviceSecrets> DeviceSecrets::FromParts(Secret device_private, Secret epoch_storage_private,
                                                       std::optional<Secret> epoch_storage_auth_private,
                                                       OrfClientState orf, const DevicePublicKeys& public_keys) {
  if (epoch_storage_auth_private.has_value() != public_keys.epoch_storage_auth_key.has_value()) {
    return errors::DataDamaged("a device's authentication key");
  }
  if (!VerifyDeviceSignatures(public_keys).ok()) return errors::DataDamaged("a device's public keys");

  auto device = PairOf(std::move(device_private), public_keys.device_key);
  if (!device.ok()) return device.status();
  auto storage = PairOf(std::move(epoch_storage_private), public_keys.epoch_storage_key);
  if (!storage.ok()) return storage.status();
  std::optional<KeyPair> auth;
  if (epoch_storage_auth_private.has_value()) {
    auto pair = PairOf(*std::move(epoch_storage_auth_private), *public_keys.epoch_storage_auth_key);
    if (!pair.ok()) return pair.status();
    auth = *std::move(pair);
  }
  return DeviceSecrets{*std::move(device), *std::move(storage), std::move(auth), std::move(orf), public_keys};
}

}  // namespace labyrinth::crypto
