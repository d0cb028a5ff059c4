// Walking the chain of epochs (protocol section 3): forward by entropies, backward by the previous epoch's secrets.
#ifndef LABYRINTH_CRYPTO_LABYRINTH_EPOCH_CHAIN_H_
#define LABYRINTH_CRYPTO_LABYRINTH_EPOCH_CHAIN_H_

#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/ids.h"
#include "crypto/labyrinth/epoch_keys.h"
#include "crypto/primitives/x25519.h"
#include "crypto/statements/device_keys.h"

namespace labyrinth::crypto {

// An epoch as the server stores it, as far as a receiver needs it. Borrows; all of it is the server's word until
// checked.
struct EpochRecord {
  EpochId id;
  uint64_t sequence_id = 0;
  DevicePublicKeys opener;             // kept for ever, even after the opener is revoked
  MacTag opener_previous_mac;          // the opener's epochDeviceMac in the previous epoch
  std::string_view encrypted_entropy;  // addressed to the receiver (or the virtual device it restores from)
};

// From `previous` to the epoch after it. Checks, before it decrypts, that the sequence is the next one, the opener's
// signatures (0x31 among them) and its MAC in `previous`. That the opener was a member is the log's to say.
// DATA_DAMAGED naming the check that failed, the decryption included; INVALID_ARGUMENT for an invalid id or an opener
// without an authentication key.
absl::StatusOr<Epoch> DecryptForward(const Epoch& previous, const KeyPair& own_epoch_storage_key,
                                     const EpochRecord& record);

// From `current` to the epoch before it, whose id the server names (nothing but the next step forward depends on it).
// encryptedPreviousEpochSequenceID must decrypt to a decimal integer of at most 11 characters (the two values share
// their associated data, and this tells them apart) which is one less than the current one's, and
// encryptedPreviousEpochRootKey to exactly 32 bytes; else DATA_DAMAGED. INVALID_ARGUMENT at sequence 0.
absl::StatusOr<Epoch> DecryptBackward(const Epoch& current, EpochId previous_id,
                                      std::string_view encrypted_previous_sequence,
                                      std::string_view encrypted_previous_root_key);

}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_LABYRINTH_EPOCH_CHAIN_H_
