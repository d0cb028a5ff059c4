// The key schedule of epochs (protocol section 3), formula by formula.
#ifndef LABYRINTH_CRYPTO_LABYRINTH_EPOCH_KEYS_H_
#define LABYRINTH_CRYPTO_LABYRINTH_EPOCH_KEYS_H_

#include <cstdint>

#include "common/ids.h"
#include "crypto/primitives/hash.h"
#include "crypto/primitives/secret.h"
#include "crypto/primitives/x25519.h"

namespace labyrinth::crypto {

inline constexpr std::size_t kEpochRootKeyBytes = 32;
inline constexpr std::size_t kEpochEntropyBytes = 32;

// An epoch that a device can read. The server assigns `id` when the epoch opens, and `id` stands in the next epoch's
// key schedule. Move-only; wiped at the end.
struct Epoch {
  EpochId id;
  uint64_t sequence_id = 0;
  Secret root_key;  // 32 bytes; opens this epoch and every earlier one

  Epoch Clone() const { return {id, sequence_id, root_key.Clone()}; }
};

// kdf(epochRootKey, null, "epoch_data_storage_" + b64(epochSequenceID))
Secret EpochDataStorageKey(const Secret& root_key, uint64_t sequence_id);

// kdf(epochRootKey, null, "epoch_devices_" + b64(epochSequenceID))
Secret EpochDeviceMacKey(const Secret& root_key, uint64_t sequence_id);

// mac(0xff01 || deviceKeyPub, epochDeviceMacKey)
MacTag EpochDeviceMac(const Secret& epoch_device_mac_key, const PublicKey& device_key);
MacTag EpochDeviceMac(const Epoch& epoch, const PublicKey& device_key);
// Constant-time.
bool VerifyEpochDeviceMac(const Epoch& epoch, const PublicKey& device_key, const MacTag& expected);

// (epochChainingKey, epochDistributionPreSharedKey) =
//     kdf(previousEpochRootKey, null, "epoch_chaining_" + prevSequenceID + "_" + prevEpochID), 64 bytes, cut 32 | 32
struct EpochChainingKeys {
  Secret chaining_key;
  Secret distribution_psk;
};
EpochChainingKeys DeriveEpochChainingKeys(const Epoch& previous);

// epochRootKey = kdf(ikm = newEpochEntropy, salt = epochChainingKey, info = "epoch_root_key")
Secret DeriveEpochRootKey(const Secret& entropy, const Secret& chaining_key);

}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_LABYRINTH_EPOCH_KEYS_H_
