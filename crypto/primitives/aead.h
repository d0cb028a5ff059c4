// AES-GCM-Extended: the protocol's encrypt() with a 28-byte random nonce (protocol section 1).
#ifndef LABYRINTH_CRYPTO_PRIMITIVES_AEAD_H_
#define LABYRINTH_CRYPTO_PRIMITIVES_AEAD_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/random.h"
#include "crypto/primitives/secret.h"

namespace labyrinth::crypto {

inline constexpr std::size_t kAeadKeyBytes = 32;
inline constexpr std::size_t kExtendedNonceBytes = 28;
inline constexpr std::size_t kAeadTagBytes = 16;

// subkey = HChaCha20(key, n[0:16]); n || AES-256-GCM(subkey, n[16:28], aad, plaintext). `key` is 32 bytes (else
// INVALID_ARGUMENT). No padding: callers pad with Pad() where the protocol says so.
absl::StatusOr<std::string> Encrypt(const Secret& key, std::string_view aad, std::string_view plaintext,
                                    RandomSource& random);

// DATA_LOSS if the input is shorter than nonce and tag or doesn't authenticate.
absl::StatusOr<Secret> Decrypt(const Secret& key, std::string_view aad, std::string_view ciphertext);

// Encrypt(Pad(plaintext)) and its inverse: what every AES-GCM-Extended plaintext of the protocol goes through.
absl::StatusOr<std::string> EncryptPadded(const Secret& key, std::string_view aad, std::string_view plaintext,
                                          RandomSource& random);
absl::StatusOr<Secret> DecryptPadded(const Secret& key, std::string_view aad, std::string_view ciphertext);

// Plain AES-256-GCM with a 12-byte nonce, for keys that encrypt once (HPKE) and for random-nonce server tickets.
absl::StatusOr<std::string> AesGcmSeal(const Secret& key, std::string_view nonce12, std::string_view aad,
                                       std::string_view plaintext);
absl::StatusOr<Secret> AesGcmOpen(const Secret& key, std::string_view nonce12, std::string_view aad,
                                  std::string_view ciphertext);

// HChaCha20 (draft-irtf-cfrg-xchacha section 2.2): 32-byte key, 16-byte nonce, 32-byte subkey.
absl::StatusOr<Secret> HChaCha20(const Secret& key, std::string_view nonce16);

}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_PRIMITIVES_AEAD_H_
