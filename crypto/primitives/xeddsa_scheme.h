// The XEdDSA scheme over a whole message. The protocol signs `use || data`: its code includes xeddsa.h instead.
#ifndef LABYRINTH_CRYPTO_PRIMITIVES_XEDDSA_SCHEME_H_
#define LABYRINTH_CRYPTO_PRIMITIVES_XEDDSA_SCHEME_H_

#include <cstddef>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/bytes.h"
#include "common/random.h"
#include "crypto/primitives/x25519.h"

namespace labyrinth::crypto {

using Signature = FixedBytes<64, struct SignatureTag>;

namespace xeddsa_scheme {

using EdwardsPoint = FixedBytes<32, struct EdwardsPointTag>;

// calculate_key_pair(k): E = kB for the clamped k; A = E with its sign bit cleared; a = k or -k, so that A = aB.
struct EdwardsKeyPair {
  Secret scalar;       // a, canonical modulo the group order
  EdwardsPoint point;  // A
  bool negated;        // E's sign bit, hence a = -k
};

// INVALID_ARGUMENT unless the key is 32 bytes.
absl::StatusOr<EdwardsKeyPair> CalculateKeyPair(const Secret& private_key);

// xeddsa_sign(k, message, Z) with 64 random bytes Z. The sign bit of the last byte is clear. INVALID_ARGUMENT unless
// the key is 32 bytes.
absl::StatusOr<Signature> Sign(const Secret& private_key, std::string_view message, RandomSource& random);

// OK, or DATA_LOSS. A set sign bit of the last byte says that the signer's Edwards point is the negative one
// (libsignal's form). Refuses s >= the group order, u >= p and low-order keys.
absl::Status Verify(const PublicKey& public_key, std::string_view message, const Signature& signature);

}  // namespace xeddsa_scheme
}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_PRIMITIVES_XEDDSA_SCHEME_H_
