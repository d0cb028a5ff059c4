// Labyrinth's own hybrid public-key encryption (protocol section 1): not RFC 9180's.
#ifndef LABYRINTH_CRYPTO_LABYRINTH_HPKE_H_
#define LABYRINTH_CRYPTO_LABYRINTH_HPKE_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/random.h"
#include "crypto/primitives/secret.h"
#include "crypto/primitives/x25519.h"

namespace labyrinth::crypto {

// The protocol itself always passes exactly 32: a shorter key would coincide with its zero-padded form.
inline constexpr std::size_t kHpkeMaxPskBytes = 32;

// pk_encrypt: 0x01 || ephem_pub || AES-256-GCM(subkey, 12 zero bytes, aad, plaintext). The recipient learns that the
// holder of `sender_auth` sent it. Not padded. Draws the ephemeral private key, 32 bytes. INVALID_ARGUMENT for a
// recipient key that isn't canonical or is of low order, and for a psk over 32 bytes.
absl::StatusOr<std::string> PkEncrypt(const PublicKey& recipient_enc, const KeyPair& sender_auth, const Secret& psk,
                                      std::string_view aad, std::string_view plaintext, RandomSource& random);

// pk_decrypt. DATA_LOSS if the ciphertext is malformed (first byte, length, ephemeral key) or doesn't authenticate;
// INVALID_ARGUMENT for a bad sender key and for a psk over 32 bytes.
absl::StatusOr<Secret> PkDecrypt(const KeyPair& recipient_enc, const PublicKey& sender_auth, const Secret& psk,
                                 std::string_view aad, std::string_view ciphertext);

// The steps, apart for known answers.
namespace hpke_steps {

// 0x01 || sender_auth_pub || recipient_enc_pub || ephem_pub || aad
std::string InnerAad(const PublicKey& sender_auth, const PublicKey& recipient_enc, const PublicKey& ephemeral,
                     std::string_view aad);

// kdf(identity_shared || ephemeral_shared, salt = psk, info = inner_aad)
Secret Subkey(const Secret& identity_shared, const Secret& ephemeral_shared, const Secret& psk,
              std::string_view inner_aad);

}  // namespace hpke_steps
}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_LABYRINTH_HPKE_H_
