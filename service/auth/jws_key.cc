#include "service/auth/jws_key.h"

#include <openssl/bn.h>
#include <openssl/curve25519.h>
#include <openssl/ec_key.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/nid.h>
#include <openssl/rsa.h>

#include <utility>

#include "common/bytes.h"
#include "crypto/primitives/hash.h"

namespace labyrinth::service {
namespace {

constexpr unsigned kMinRsaBits = 2048;
constexpr unsigned kMaxRsaBits = 8192;  // verifying grows with the square of the size
constexpr std::size_t kMaxRsaExponentBytes = 4;
constexpr std::size_t kFieldBytes = 32;  // of P-256 and Ed25519

bssl::UniquePtr<BIGNUM> ToNumber(std::string_view big_endian) {
  return bssl::UniquePtr<BIGNUM>(BN_bin2bn(AsSpan(big_endian).data(), big_endian.size(), nullptr));
}

class Ed25519Key final : public JwsKey {
 public:
  explicit Ed25519Key(std::string_view public_key) : public_key_(public_key) {}
  JwsAlgorithm algorithm() const override { return JwsAlgorithm::kEdDsa; }
  bool Verify(std::string_view signing_input, std::string_view signature) const override {
    if (signature.size() != ED25519_SIGNATURE_LEN) return false;
    return ED25519_verify(AsSpan(signing_input).data(), signing_input.size(), AsSpan(signature).data(),
                          AsSpan(public_key_).data()) == 1;
  }

 private:
  const std::string public_key_;
};

class P256Key final : public JwsKey {
 public:
  explicit P256Key(bssl::UniquePtr<EC_KEY> key) : key_(std::move(key)) {}
  JwsAlgorithm algorithm() const override { return JwsAlgorithm::kEs256; }
  bool Verify(std::string_view signing_input, std::string_view signature) const override {
    if (signature.size() != 2 * kFieldBytes) return false;  // r || s, not DER (RFC 7518 section 3.4)
    const bssl::UniquePtr<ECDSA_SIG> pair(ECDSA_SIG_new());
    bssl::UniquePtr<BIGNUM> r = ToNumber(signature.substr(0, kFieldBytes));
    bssl::UniquePtr<BIGNUM> s = ToNumber(signature.substr(kFieldBytes));
    if (!pair || !r || !s || ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) return false;
    (void)r.release();  // owned by the pair now
    (void)s.release();
    const crypto::Sha256Digest digest = crypto::Sha256(signing_input);
    const bool good = ECDSA_do_verify(digest.data(), digest.kSize, pair.get(), key_.get()) == 1;
    ERR_clear_error();
    return good;
  }

 private:
  const bssl::UniquePtr<EC_KEY> key_;
};

class RsaKey final : public JwsKey {
 public:
  explicit RsaKey(bssl::UniquePtr<RSA> key) : key_(std::move(key)) {}
  JwsAlgorithm algorithm() const override { return JwsAlgorithm::kRs256; }
  bool Verify(std::string_view signing_input, std::string_view signature) const override {
    const crypto::Sha256Digest digest = crypto::Sha256(signing_input);
    const bool good = RSA_verify(NID_sha256, digest.data(), digest.kSize, AsSpan(signature).data(), signature.size(),
                                 key_.get()) == 1;
    ERR_clear_error();
    return good;
  }

 private:
  const bssl::UniquePtr<RSA> key_;
};

}  // namespace

std::optional<JwsAlgorithm> ParseJwsAlgorithm(std::string_view name) {
  if (name == "EdDSA") return JwsAlgorithm::kEdDsa;
  if (name == "ES256") return JwsAlgorithm::kEs256;
  if (name == "RS256") return JwsAlgorithm::kRs256;
  return std::nullopt;
}

absl::StatusOr<std::shared_ptr<const JwsKey>> JwsKey::Ed25519(std::string_view public_key) {
  if (public_key.size() != kFieldBytes) return absl::InvalidArgumentError("an Ed25519 key has 32 bytes");
  return std::make_shared<const Ed25519Key>(public_key);
}

absl::StatusOr<std::shared_ptr<const JwsKey>> JwsKey::P256(std::string_view x, std::string_view y) {
  if (x.size() != kFieldBytes || y.size() != kFieldBytes) {
    return absl::InvalidArgumentError("coordinates of P-256 have 32 bytes each");
  }
  bssl::UniquePtr<EC_KEY> key(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
  const bssl::UniquePtr<BIGNUM> x_number = ToNumber(x), y_number = ToNumber(y);
  if (!key || !x_number || !y_number ||
      EC_KEY_set_public_key_affine_coordinates(key.get(), x_number.get(), y_number.get()) != 1) {
    ERR_clear_error();
    return absl::InvalidArgumentError("not a point on P-256");
  }
  return std::make_shared<const P256Key>(std::move(key));
}

absl::StatusOr<std::shared_ptr<const JwsKey>> JwsKey::Rsa(std::string_view modulus, std::string_view exponent) {
  if (modulus.size() > kMaxRsaBits / 8) return absl::InvalidArgumentError("an RSA modulus of more than 8192 bits");
  bssl::UniquePtr<BIGNUM> n = ToNumber(modulus), e = ToNumber(exponent);
  bssl::UniquePtr<RSA> key(RSA_new());
  if (!n || !e || !key) return absl::ResourceExhaustedError("out of memory");
  if (BN_num_bits(n.get()) < kMinRsaBits) return absl::InvalidArgumentError("an RSA modulus of fewer than 2048 bits");
  if (exponent.size() > kMaxRsaExponentBytes || !BN_is_odd(e.get()) || BN_is_one(e.get())) {
    return absl::InvalidArgumentError("an RSA exponent that is even, 1 or above 2^32");
  }
  if (RSA_set0_key(key.get(), n.get(), e.get(), nullptr) != 1) {
    ERR_clear_error();
    return absl::InvalidArgumentError("not an RSA key");
  }
  (void)n.release();  // owned by the key now
  (void)e.release();
  return std::make_shared<const RsaKey>(std::move(key));
}

}  // namespace labyrinth::service
