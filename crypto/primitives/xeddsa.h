// XEdDSA signatures with X25519 keys (Perrin, "The XEdDSA and VXEdDSA Signature Schemes"; protocol section 1).
#ifndef LABYRINTH_CRYPTO_PRIMITIVES_XEDDSA_H_
#define LABYRINTH_CRYPTO_PRIMITIVES_XEDDSA_H_

#include <cstdint>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/random.h"
#include "crypto/primitives/x25519.h"
#include "crypto/primitives/xeddsa_scheme.h"  // Signature

namespace labyrinth::crypto {

// What a signature is for: the byte before the signed data. One table, so that no two uses share a value.
enum class SignatureUse : uint8_t {
  kEpochStorageKey = 0x30,      // over the raw 32-byte key
  kEpochStorageAuthKey = 0x31,  // over the raw 32-byte key
  kReservedByClientsInTheField = 0x33,
  kSession = 0xA0,   // protocol section 9
  kLogEntry = 0xA1,  // protocol section 8
  kReservedWriterHead = 0xA2,
  kReservedRow = 0xA3,
  kReservedDepositKey = 0xA4,
};

// pk_sign(priv, use, data): XEdDSA over use || data. Never sets the sign bit of the last byte. INVALID_ARGUMENT unless
// the key is 32 bytes.
absl::StatusOr<Signature> Sign(const Secret& private_key, SignatureUse use, std::string_view data,
                               RandomSource& random);

// OK, or DATA_LOSS. Accepts a set sign bit (libsignal's form); refuses s >= the group order, u >= p and low-order keys.
absl::Status Verify(const PublicKey& public_key, SignatureUse use, std::string_view data, const Signature& signature);

}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_PRIMITIVES_XEDDSA_H_
