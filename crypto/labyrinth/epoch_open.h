// Opening an epoch (protocol section 3): the opener's half.
#ifndef LABYRINTH_CRYPTO_LABYRINTH_EPOCH_OPEN_H_
#define LABYRINTH_CRYPTO_LABYRINTH_EPOCH_OPEN_H_

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/random.h"
#include "crypto/labyrinth/device_secrets.h"
#include "crypto/labyrinth/epoch_keys.h"
#include "crypto/statements/device_keys.h"
#include "crypto/statements/log_body.h"

namespace labyrinth::crypto {

// The first epoch of a mailbox: epochRootKey = random(32), sequence 0, nothing before it. Its id is invalid until the
// server has assigned one.
Epoch CreateFirstEpoch(RandomSource& random);

// A device that would be a member of the new epoch, as the server lists it. That the membership log vouches for it (an
// unbroken chain of sponsors) is the caller's to check before.
struct EpochCandidate {
  DevicePublicKeys keys;
  MacTag previous_mac;  // its epochDeviceMac in the previous epoch
};

enum class CandidateFault {
  kKeysInvalid,         // a key or signature (0x30, or a physical device's 0x31) doesn't hold
  kPreviousMacInvalid,  // whoever listed it didn't know the previous epoch's root key
};
std::string_view CandidateFaultText(CandidateFault fault);

struct RefusedCandidate {
  PublicKey device_key;
  CandidateFault fault;
};

// What the opener sends, and what it keeps. Store `entropy` before sending: with the previous epoch it yields the root
// key again (DeriveEpochRootKey) if the reply is lost. It serves this one call: an attempt with other members draws
// anew, since a member of the first attempt may have received it. Move-only.
struct OpenedEpoch {
  Secret entropy;
  Secret root_key;
  uint64_t sequence_id = 0;
  std::string encrypted_previous_sequence;
  std::string encrypted_previous_root_key;
  std::vector<EpochMemberBody> members;   // by ascending device key, the opener among them
  std::vector<RefusedCandidate> refused;  // nothing was encrypted to these: revoke them in the same call, tell the user

  // Once the server has assigned an id.
  Epoch Named(EpochId id) const { return {id, sequence_id, root_key.Clone()}; }
};

// Checks each candidate's signatures and its MAC in `previous`, and encrypts a fresh entropy to those that hold.
// `opener` is a physical device and one of `candidates`. Randomness is drawn in this order: entropy (32), nonces of
// previous sequence and previous root key (28 each), then one ephemeral key (32) a member by ascending device key.
// INVALID_ARGUMENT if `previous` has no id or not a 32-byte key, the opener is virtual or missing, or a device key
// occurs twice; DATA_DAMAGED if the opener's own MAC fails: then `previous` isn't the epoch that the server means.
absl::StatusOr<OpenedEpoch> OpenEpoch(const Epoch& previous, const DeviceSecrets& opener,
                                      std::span<const EpochCandidate> candidates, RandomSource& random);

}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_LABYRINTH_EPOCH_OPEN_H_
