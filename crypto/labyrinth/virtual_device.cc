#include "crypto/labyrinth/virtual_device.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "common/errors.h"
#include "crypto/primitives/aead.h"
#include "crypto/statements/domains.h"
#include "crypto/statements/epoch_sequence.h"

namespace labyrinth::crypto {
namespace {

absl::Status Damaged(std::string_view value) {
  return errors::DataDamaged(fmt::format("a virtual device's {}", value));
}

absl::StatusOr<KeyPair> OpenKey(const Secret& decryption_key, std::string_view aad, std::string_view sealed,
                                const PublicKey& expected, std::string_view name) {
  auto private_key = DecryptPadded(decryption_key, aad, sealed);
  if (!private_key.ok()) return Damaged(name);
  auto pair = KeyPair::FromPrivate(*std::move(private_key));
  if (!pair.ok() || pair->public_key != expected) return Damaged(name);
  return pair;
}

absl::StatusOr<Secret> OpenBytes(const Secret& decryption_key, std::string_view aad, std::string_view sealed,
                                 std::size_t size, std::string_view name) {
  auto value = DecryptPadded(decryption_key, aad, sealed);
  if (!value.ok() || value->size() != size) return Damaged(name);
  return value;
}

}  // namespace

absl::StatusOr<SealedVirtualDevice> SealVirtualDevice(const VirtualDeviceSecrets& secrets, const Secret& decryption_key,
                                                      RandomSource& random) {
  if (secrets.mailbox_root_salt.size() != kMailboxRootSaltBytes ||
      secrets.epoch_root_key.size() != kEpochRootKeyBytes) {
    return absl::InvalidArgumentError("a mailbox root salt and an epoch root key have 32 bytes");
  }
  const std::string sequence = SequenceBase64(secrets.epoch_sequence_id);
  SealedVirtualDevice sealed;
  const struct {
    std::string_view aad;
    std::string_view value;
    std::string* out;
  } values[] = {
      {domains::kVirtualDeviceKey, secrets.device_key.private_key.RevealSecret(), &sealed.device_key_private},
      {domains::kVirtualDeviceStorageKey, secrets.epoch_storage_key.private_key.RevealSecret(),
       &sealed.epoch_storage_key_private},
      {domains::kVirtualDeviceOrfState, secrets.orf.bytes().RevealSecret(), &sealed.orf_client_state},
      {domains::kVirtualDeviceRootSalt, secrets.mailbox_root_salt.RevealSecret(), &sealed.mailbox_root_salt},
      {domains::kVirtualDeviceEpochRootKey, secrets.epoch_root_key.RevealSecret(), &sealed.epoch_root_key},
      {domains::kVirtualDeviceSequence, sequence, &sealed.epoch_sequence_id},
  };
  for (const auto& [aad, value, out] : values) {
    auto ciphertext = EncryptPadded(decryption_key, aad, value, random);
    if (!ciphertext.ok()) return ciphertext.status();
    *out = *std::move(ciphertext);
  }
  return sealed;
}

absl::StatusOr<VirtualDeviceSecrets> OpenVirtualDevice(const SealedVirtualDevice& sealed, const Secret& decryption_key,
                                                       const DevicePublicKeys& keys) {
  if (keys.kind() != SubjectKind::kVirtual || !VerifyDeviceSignatures(keys).ok()) return Damaged("public keys");
  auto device =
      OpenKey(decryption_key, domains::kVirtualDeviceKey, sealed.device_key_private, keys.device_key, "device key");
  if (!device.ok()) return device.status();
  auto storage = OpenKey(decryption_key, domains::kVirtualDeviceStorageKey, sealed.epoch_storage_key_private,
                         keys.epoch_storage_key, "epoch storage key");
  if (!storage.ok()) return storage.status();

  const auto orf_bytes = DecryptPadded(decryption_key, domains::kVirtualDeviceOrfState, sealed.orf_client_state);
  if (!orf_bytes.ok()) return Damaged("ORF client state");
  auto orf = OrfClientState::Parse(*orf_bytes);
  if (!orf.ok()) return Damaged("ORF client state");

  auto salt = OpenBytes(decryption_key, domains::kVirtualDeviceRootSalt, sealed.mailbox_root_salt,
                        kMailboxRootSaltBytes, "mailbox root salt");
  if (!salt.ok()) return salt.status();
  auto root_key = OpenBytes(decryption_key, domains::kVirtualDeviceEpochRootKey, sealed.epoch_root_key,
                            kEpochRootKeyBytes, "epoch root key");
  if (!root_key.ok()) return root_key.status();
  const auto sequence_text = DecryptPadded(decryption_key, domains::kVirtualDeviceSequence, sealed.epoch_sequence_id);
  if (!sequence_text.ok()) return Damaged("epoch sequence id");
  const auto sequence = ParseSequenceBase64(sequence_text->RevealSecret());
  if (!sequence.has_value()) return Damaged("epoch sequence id");

  return VirtualDeviceSecrets{*std::move(device), *std::move(storage),  *std::move(orf),
                              *std::move(salt),   *std::move(root_key), *sequence};
}

absl::StatusOr<NewVirtualDevice> CreateVirtualDevice(const OrfClientState& creator_orf, const Epoch& epoch,
                                                     const Secret& mailbox_root_salt, std::string_view account_id,
                                                     RandomSource& random) {
  RecoveryCode code = RecoveryCode::Generate(random);
  const RecoveryKeys recovery = code.Derive(account_id);
  OrfClientState::Evolution evolution = creator_orf.Evolve(random);
  auto device = DeviceSecrets::Generate(SubjectKind::kVirtual, std::move(evolution.state), random);
  if (!device.ok()) return device.status();

  const VirtualDeviceSecrets secrets{std::move(device->device_key), std::move(device->epoch_storage_key),
                                     std::move(device->orf),        mailbox_root_salt.Clone(),
                                     epoch.root_key.Clone(),        epoch.sequence_id};
  auto sealed = SealVirtualDevice(secrets, recovery.decryption_key, random);
  if (!sealed.ok()) return sealed.status();
  return NewVirtualDevice{
      .code = std::move(code),
      .id = *VirtualDeviceId::From(recovery.virtual_device_id),
      .keys = device->public_keys,
      .sealed = *std::move(sealed),
      .evolve_token = std::move(evolution.token),
      .epoch_device_mac = EpochDeviceMac(epoch, device->public_keys.device_key),
  };
}

}  // namespace labyrinth::crypto
