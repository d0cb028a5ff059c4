// A device's secrets (protocol section 2): three key pairs and its share of the oblivious revocable function.
#ifndef LABYRINTH_CRYPTO_LABYRINTH_DEVICE_SECRETS_H_
#define LABYRINTH_CRYPTO_LABYRINTH_DEVICE_SECRETS_H_

#include <optional>

#include "absl/status/statusor.h"
#include "common/random.h"
#include "crypto/labyrinth/orf_client.h"
#include "crypto/primitives/secret.h"
#include "crypto/primitives/x25519.h"
#include "crypto/statements/device_keys.h"

namespace labyrinth::crypto {

// What a keychain keeps for one device. `public_keys` are the pairs' public halves with the signatures, made once:
// signatures are randomised and the membership log pins them. Move-only, thread-compatible.
struct DeviceSecrets {
  KeyPair device_key;                             // signs
  KeyPair epoch_storage_key;                      // entropies are encrypted to it
  std::optional<KeyPair> epoch_storage_auth_key;  // authenticates entropies; a virtual device has none
  OrfClientState orf;
  DevicePublicKeys public_keys;

  // Draws, in this order: device key, storage key, authentication key (physical only), then 64 bytes for each
  // signature. `kind` is physical or virtual (else INVALID_ARGUMENT). The first device of a mailbox draws `orf`; every
  // other one evolves it from its sponsor's.
  static absl::StatusOr<DeviceSecrets> Generate(SubjectKind kind, OrfClientState orf, RandomSource& random);

  // From a keychain's parts. DATA_DAMAGED unless the private keys are those of `public_keys` and its signatures verify.
  static absl::StatusOr<DeviceSecrets> FromParts(Secret device_private, Secret epoch_storage_private,
                                                 std::optional<Secret> epoch_storage_auth_private, OrfClientState orf,
                                                 const DevicePublicKeys& public_keys);
};

// The public half with fresh signatures: 64 random bytes for 0x30, then 64 for 0x31 if there is an authentication key.
absl::StatusOr<DevicePublicKeys> SignDeviceKeys(const KeyPair& device_key, const PublicKey& epoch_storage_key,
                                                const std::optional<PublicKey>& epoch_storage_auth_key,
                                                RandomSource& random);

}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_LABYRINTH_DEVICE_SECRETS_H_
