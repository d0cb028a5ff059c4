#include "crypto/labyrinth/epoch_keys.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "crypto/statements/domains.h"
#include "crypto/statements/epoch_sequence.h"

namespace labyrinth::crypto {
namespace {

constexpr std::string_view kNullSalt;

std::string PrefixedDeviceKey(const PublicKey& device_key) {
  return std::string(domains::kDeviceKeyPrefix) + device_key.str();
}

}  // namespace

Secret EpochDataStorageKey(const Secret& root_key, uint64_t sequence_id) {
  return Kdf(root_key, kNullSalt, std::string(domains::kEpochDataStorage) + SequenceBase64(sequence_id));
}

Secret EpochDeviceMacKey(const Secret& root_key, uint64_t sequence_id) {
  return Kdf(root_key, kNullSalt, std::string(domains::kEpochDevices) + SequenceBase64(sequence_id));
}

MacTag EpochDeviceMac(const Secret& epoch_device_mac_key, const PublicKey& device_key) {
  return Mac(PrefixedDeviceKey(device_key), epoch_device_mac_key);
}

MacTag EpochDeviceMac(const Epoch& epoch, const PublicKey& device_key) {
  return EpochDeviceMac(EpochDeviceMacKey(epoch.root_key, epoch.sequence_id), device_key);
}

bool VerifyEpochDeviceMac(const Epoch& epoch, const PublicKey& device_key, const MacTag& expected) {
  return VerifyMac(PrefixedDeviceKey(device_key), EpochDeviceMacKey(epoch.root_key, epoch.sequence_id),
                   expected.view());
}

EpochChainingKeys DeriveEpochChainingKeys(const Epoch& previous) {
  const std::string info =
      fmt::format("{}{}_{}", domains::kEpochChaining, Decimal(previous.sequence_id), Decimal(previous.id.value()));
  auto [chaining_key, distribution_psk] = KdfTwoKeys(previous.root_key, kNullSalt, info);
  return {std::move(chaining_key), std::move(distribution_psk)};
}

Secret DeriveEpochRootKey(const Secret& entropy, const Secret& chaining_key) {
  return Kdf(entropy, chaining_key, domains::kEpochRootKey, kEpochRootKeyBytes);
}

}  // namespace labyrinth::crypto
