#include "crypto/labyrinth/hpke.h"

#include <cstring>
#include <optional>

#include "crypto/primitives/aead.h"
#include "crypto/primitives/hash.h"

namespace labyrinth::crypto {
namespace {

constexpr char kVersion = 0x01;

// Safe because a subkey encrypts once: the ephemeral key is fresh.
constexpr std::string_view kZeroNonce("\0\0\0\0\0\0\0\0\0\0\0\0", 12);

absl::Status CheckPsk(const Secret& psk) {
  if (psk.size() <= kHpkeMaxPskBytes) return absl::OkStatus();
  return absl::InvalidArgumentError("pre-shared key: over 32 bytes");
}

}  // namespace

namespace hpke_steps {

std::string InnerAad(const PublicKey& sender_auth, const PublicKey& recipient_enc, const PublicKey& ephemeral,
                     std::string_view aad) {
  std::string out(1, kVersion);
  return out.append(sender_auth.view()).append(recipient_enc.view()).append(ephemeral.view()).append(aad);
}

Secret Subkey(const Secret& identity_shared, const Secret& ephemeral_shared, const Secret& psk,
              std::string_view inner_aad) {
  Secret fresh(identity_shared.size() + ephemeral_shared.size());
  uint8_t* out = fresh.MutableSecret().data();
  std::memcpy(out, identity_shared.RevealSecret().data(), identity_shared.size());
  std::memcpy(out + identity_shared.size(), ephemeral_shared.RevealSecret().data(), ephemeral_shared.size());
  return Kdf(fresh, psk, inner_aad);
}

}  // namespace hpke_steps

absl::StatusOr<std::string> PkEncrypt(const PublicKey& recipient_enc, const KeyPair& sender_auth, const Secret& psk,
                                      std::string_view aad, std::string_view plaintext, RandomSource& random) {
  if (absl::Status status = CheckPsk(psk); !status.ok()) return status;
  if (IsBadPublicKey(recipient_enc)) {
    return absl::InvalidArgumentError("recipient key: not canonical or of low order");
  }
  const KeyPair ephemeral = KeyPair::Generate(random);
  const absl::StatusOr<Secret> identity_shared = X25519SharedSecret(sender_auth.private_key, recipient_enc);
  if (!identity_shared.ok()) return identity_shared.status();
  const absl::StatusOr<Secret> ephemeral_shared = X25519SharedSecret(ephemeral.private_key, recipient_enc);
  if (!ephemeral_shared.ok()) return ephemeral_shared.status();

  const Secret subkey =
      hpke_steps::Subkey(*identity_shared, *ephemeral_shared, psk,
                         hpke_steps::InnerAad(sender_auth.public_key, recipient_enc, ephemeral.public_key, aad));
  const absl::StatusOr<std::string> sealed = AesGcmSeal(subkey, kZeroNonce, aad, plaintext);
  if (!sealed.ok()) return sealed.status();
  std::string out(1, kVersion);
  return out.append(ephemeral.public_key.view()).append(*sealed);
}

absl::StatusOr<Secret> PkDecrypt(const KeyPair& recipient_enc, const PublicKey& sender_auth, const Secret& psk,
                                 std::string_view aad, std::string_view ciphertext) {
  if (absl::Status status = CheckPsk(psk); !status.ok()) return status;
  if (IsBadPublicKey(sender_auth)) {
    return absl::InvalidArgumentError("sender key: not canonical or of low order");
  }
  if (ciphertext.size() < 1 + PublicKey::kSize + kAeadTagBytes) {
    return absl::DataLossError("public-key ciphertext: too short");
  }
  if (ciphertext[0] != kVersion) return absl::DataLossError("public-key ciphertext: unknown version");
  const std::optional<PublicKey> ephemeral = PublicKey::From(ciphertext.substr(1, PublicKey::kSize));
  if (!ephemeral.has_value() || IsBadPublicKey(*ephemeral)) {
    return absl::DataLossError("public-key ciphertext: its ephemeral key is not canonical or of low order");
  }
  const absl::StatusOr<Secret> identity_shared = X25519SharedSecret(recipient_enc.private_key, sender_auth);
  if (!identity_shared.ok()) return identity_shared.status();
  const absl::StatusOr<Secret> ephemeral_shared = X25519SharedSecret(recipient_enc.private_key, *ephemeral);
  if (!ephemeral_shared.ok()) return ephemeral_shared.status();

  const Secret subkey =
      hpke_steps::Subkey(*identity_shared, *ephemeral_shared, psk,
                         hpke_steps::InnerAad(sender_auth, recipient_enc.public_key, *ephemeral, aad));
  return AesGcmOpen(subkey, kZeroNonce, aad, ciphertext.substr(1 + PublicKey::kSize));
}

}  // namespace labyrinth::crypto
