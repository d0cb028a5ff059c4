// X25519 key pairs and agreement (RFC 7748).
#ifndef LABYRINTH_CRYPTO_PRIMITIVES_X25519_H_
#define LABYRINTH_CRYPTO_PRIMITIVES_X25519_H_

#include <string_view>

#include "absl/status/statusor.h"
#include "common/bytes.h"
#include "common/random.h"
#include "crypto/primitives/secret.h"

namespace labyrinth::crypto {

// The raw u-coordinate, little-endian. Used for signing (XEdDSA) and encryption keys alike.
using PublicKey = FixedBytes<32, struct PublicKeyTag>;

struct KeyPair {
  Secret private_key;  // 32 bytes, as drawn (clamped on use)
  PublicKey public_key;

  static KeyPair Generate(RandomSource& random);
  // INVALID_ARGUMENT unless `private_key` is 32 bytes.
  static absl::StatusOr<KeyPair> FromPrivate(Secret private_key);
  KeyPair Clone() const { return {private_key.Clone(), public_key}; }
};

// INVALID_ARGUMENT if the private key isn't 32 bytes or the shared secret would be all zeros (a low-order public key).
// Not named X25519, which is a macro of the prefixed BoringSSL.
absl::StatusOr<Secret> X25519SharedSecret(const Secret& private_key, const PublicKey& public_key);

// True for the u-coordinates of points of low order, in every encoding, and for u >= p.
bool IsBadPublicKey(const PublicKey& public_key);

}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_PRIMITIVES_X25519_H_
