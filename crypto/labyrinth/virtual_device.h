// Virtual devices (protocol section 4): made for a recovery code, opened with it.
#ifndef LABYRINTH_CRYPTO_LABYRINTH_VIRTUAL_DEVICE_H_
#define LABYRINTH_CRYPTO_LABYRINTH_VIRTUAL_DEVICE_H_

#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/ids.h"
#include "common/random.h"
#include "crypto/labyrinth/device_secrets.h"
#include "crypto/labyrinth/epoch_keys.h"
#include "crypto/labyrinth/orf_client.h"
#include "crypto/labyrinth/recovery_code.h"
#include "crypto/primitives/ristretto.h"
#include "crypto/statements/device_keys.h"
#include "crypto/statements/log_body.h"

namespace labyrinth::crypto {

inline constexpr std::size_t kMailboxRootSaltBytes = 32;

// The six values. Move-only.
struct VirtualDeviceSecrets {
  KeyPair device_key;
  KeyPair epoch_storage_key;
  OrfClientState orf;
  Secret mailbox_root_salt;  // 32 bytes; not secret by the protocol, and nothing depends on its secrecy
  Secret epoch_root_key;     // of the epoch at its creation, from which the restoring device chains
  uint64_t epoch_sequence_id = 0;

  // The epoch at its creation, under the id that the server names: where chaining starts.
  Epoch EpochAtCreation(EpochId id) const { return {id, epoch_sequence_id, epoch_root_key.Clone()}; }
};

// encrypt(vdeviceDecryptionKey, aad of the value, value), padded; nonces are drawn in the order of the six values.
absl::StatusOr<SealedVirtualDevice> SealVirtualDevice(const VirtualDeviceSecrets& secrets, const Secret& decryption_key,
                                                      RandomSource& random);

// DATA_DAMAGED naming the value that doesn't decrypt or has the wrong form, or if a private key isn't that of `keys` or
// its signature fails: the server returned another device's keys.
absl::StatusOr<VirtualDeviceSecrets> OpenVirtualDevice(const SealedVirtualDevice& sealed, const Secret& decryption_key,
                                                       const DevicePublicKeys& keys);

// What CreateVirtualDevice uploads, and the code to show once. Show it, upload, and let it go out of scope: that wipes
// the code and every virtual secret. Move-only.
struct NewVirtualDevice {
  RecoveryCode code;
  VirtualDeviceId id;
  DevicePublicKeys keys;
  SealedVirtualDevice sealed;
  Scalar evolve_token;      // relative to the creator's ORF state; sent once, never stored
  MacTag epoch_device_mac;  // in `epoch`
};

// By a member device: fresh code, keys and signature; evolves a copy of the creator's ORF state (the creator keeps its
// own). `epoch` is the current one. INVALID_ARGUMENT for a salt or root key that isn't 32 bytes.
absl::StatusOr<NewVirtualDevice> CreateVirtualDevice(const OrfClientState& creator_orf, const Epoch& epoch,
                                                     const Secret& mailbox_root_salt, std::string_view account_id,
                                                     RandomSource& random);

}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_LABYRINTH_VIRTUAL_DEVICE_H_
