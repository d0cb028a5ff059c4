#include "crypto/primitives/aead.h"

#include <openssl/aead.h>
#include <sodium/crypto_core_hchacha20.h>

#include "common/bytes.h"
#include "crypto/primitives/fatal.h"
#include "crypto/primitives/padding.h"

namespace labyrinth::crypto {
namespace {

constexpr std::size_t kHChaChaNonceBytes = 16;
constexpr std::size_t kGcmNonceBytes = 12;
static_assert(kExtendedNonceBytes == kHChaChaNonceBytes + kGcmNonceBytes);
static_assert(crypto_core_hchacha20_INPUTBYTES == kHChaChaNonceBytes);
static_assert(crypto_core_hchacha20_OUTPUTBYTES == kAeadKeyBytes);

absl::Status WrongKey() { return absl::InvalidArgumentError("AES-256-GCM key: not 32 bytes"); }
absl::Status WrongNonce() { return absl::InvalidArgumentError("AES-256-GCM nonce: not 12 bytes"); }
absl::Status NotAuthentic() { return absl::DataLossError("ciphertext: doesn't authenticate"); }

// BoringSSL's context with the key schedule inline, which EVP_AEAD_CTX_cleanup leaves as it is.
class AesGcm {
 public:
  explicit AesGcm(const Secret& key) {
    Require(EVP_AEAD_CTX_init(&context_, EVP_aead_aes_256_gcm(), AsSpan(key.RevealSecret()).data(), key.size(),
                              kAeadTagBytes, nullptr) == 1,
            "AES-256-GCM refused a 32-byte key");
  }
  ~AesGcm() {
    EVP_AEAD_CTX_cleanup(&context_);
    WipeBytes(&context_, sizeof(context_));
    WipeDeadStack();
  }
  AesGcm(const AesGcm&) = delete;
  AesGcm& operator=(const AesGcm&) = delete;

  const EVP_AEAD_CTX* get() const { return &context_; }

 private:
  EVP_AEAD_CTX context_;
};

}  // namespace

absl::StatusOr<Secret> HChaCha20(const Secret& key, std::string_view nonce16) {
  if (key.size() != kAeadKeyBytes) return absl::InvalidArgumentError("HChaCha20 key: not 32 bytes");
  if (nonce16.size() != kHChaChaNonceBytes) return absl::InvalidArgumentError("HChaCha20 nonce: not 16 bytes");
  EnsureSodium();
  Secret subkey(kAeadKeyBytes);
  crypto_core_hchacha20(subkey.MutableSecret().data(), AsSpan(nonce16).data(), AsSpan(key.RevealSecret()).data(),
                        nullptr);
  WipeDeadStack();
  return subkey;
}

absl::StatusOr<std::string> AesGcmSeal(const Secret& key, std::string_view nonce12, std::string_view aad,
                                       std::string_view plaintext) {
  if (key.size() != kAeadKeyBytes) return WrongKey();
  if (nonce12.size() != kGcmNonceBytes) return WrongNonce();
  const AesGcm gcm(key);
  std::string out(plaintext.size() + kAeadTagBytes, '\0');
  std::size_t size = 0;
  // GCM's own bound is 64 GiB, which no plaintext in memory here comes near.
  Require(EVP_AEAD_CTX_seal(gcm.get(), reinterpret_cast<uint8_t*>(out.data()), &size, out.size(),
                            AsSpan(nonce12).data(), nonce12.size(), AsSpan(plaintext).data(), plaintext.size(),
                            AsSpan(aad).data(), aad.size()) == 1 &&
              size == out.size(),
          "AES-256-GCM could not encrypt");
  return out;
}

absl::StatusOr<Secret> AesGcmOpen(const Secret& key, std::string_view nonce12, std::string_view aad,
                                  std::string_view ciphertext) {
  if (key.size() != kAeadKeyBytes) return WrongKey();
  if (nonce12.size() != kGcmNonceBytes) return WrongNonce();
  if (ciphertext.size() < kAeadTagBytes) return absl::DataLossError("ciphertext: shorter than its tag");
  const AesGcm gcm(key);
  Secret out(ciphertext.size() - kAeadTagBytes);
  std::size_t size = 0;
  if (EVP_AEAD_CTX_open(gcm.get(), out.MutableSecret().data(), &size, out.size(), AsSpan(nonce12).data(),
                        nonce12.size(), AsSpan(ciphertext).data(), ciphertext.size(), AsSpan(aad).data(),
                        aad.size()) != 1) {
    return NotAuthentic();
  }
  return out;
}

// subkey = HChaCha20(key, n[0:16]); n || AES-256-GCM(subkey, n[16:28], aad, plaintext).
absl::StatusOr<std::string> Encrypt(const Secret& key, std::string_view aad, std::string_view plaintext,
                                    RandomSource& random) {
  if (key.size() != kAeadKeyBytes) return WrongKey();
  std::string out = random.Bytes(kExtendedNonceBytes);
  const std::string_view nonce = out;
  const absl::StatusOr<Secret> subkey = HChaCha20(key, nonce.substr(0, kHChaChaNonceBytes));
  if (!subkey.ok()) return subkey.status();
  const absl::StatusOr<std::string> sealed = AesGcmSeal(*subkey, nonce.substr(kHChaChaNonceBytes), aad, plaintext);
  if (!sealed.ok()) return sealed.status();
  return out += *sealed;
}

absl::StatusOr<Secret> Decrypt(const Secret& key, std::string_view aad, std::string_view ciphertext) {
  if (key.size() != kAeadKeyBytes) return WrongKey();
  if (ciphertext.size() < kExtendedNonceBytes + kAeadTagBytes) {
    return absl::DataLossError("ciphertext: shorter than its nonce and tag");
  }
  const absl::StatusOr<Secret> subkey = HChaCha20(key, ciphertext.substr(0, kHChaChaNonceBytes));
  if (!subkey.ok()) return subkey.status();
  return AesGcmOpen(*subkey, ciphertext.substr(kHChaChaNonceBytes, kGcmNonceBytes), aad,
                    ciphertext.substr(kExtendedNonceBytes));
}

absl::StatusOr<std::string> EncryptPadded(const Secret& key, std::string_view aad, std::string_view plaintext,
                                          RandomSource& random) {
  return Encrypt(key, aad, Pad(plaintext).RevealSecret(), random);
}

absl::StatusOr<Secret> DecryptPadded(const Secret& key, std::string_view aad, std::string_view ciphertext) {
  const absl::StatusOr<Secret> padded = Decrypt(key, aad, ciphertext);
  if (!padded.ok()) return padded.status();
  return Unpad(padded->RevealSecret());
}

}  // namespace labyrinth::crypto
