// SHA-256, SHA-512, HMAC-SHA256 and HKDF-SHA256 (protocol section 1; RFC 2104, RFC 5869).
#ifndef LABYRINTH_CRYPTO_PRIMITIVES_HASH_H_
#define LABYRINTH_CRYPTO_PRIMITIVES_HASH_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "common/bytes.h"
#include "crypto/primitives/secret.h"

namespace labyrinth::crypto {

using Sha256Digest = FixedBytes<32, struct Sha256DigestTag>;
using Sha512Digest = FixedBytes<64, struct Sha512DigestTag>;
// HMAC-SHA256, untruncated. Compare with VerifyMac or ConstantTimeEquals.
using MacTag = FixedBytes<32, struct MacTagTag>;

Sha256Digest Sha256(std::string_view data);
Sha512Digest Sha512(std::string_view data);

// mac(data, key)
MacTag Mac(std::string_view data, const Secret& key);
// HMAC under a key that is public (the ORF's domains).
MacTag MacWithPublicKey(std::string_view data, std::string_view key);
// Constant-time.
bool VerifyMac(std::string_view data, const Secret& key, std::string_view expected);

// kdf(ikm, salt, info) -> `size` bytes (at most 255 * 32; larger is a programming error and ends the process). An empty
// salt is HKDF's default of 32 zero bytes.
Secret Kdf(const Secret& ikm, std::string_view salt, std::string_view info, std::size_t size = 32);
// With a secret salt (epoch chaining keys, pre-shared keys).
Secret Kdf(const Secret& ikm, const Secret& salt, std::string_view info, std::size_t size = 32);
// Two 32-byte keys: one expand of 64 bytes, cut in order.
std::pair<Secret, Secret> KdfTwoKeys(const Secret& ikm, std::string_view salt, std::string_view info);

}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_PRIMITIVES_HASH_H_
