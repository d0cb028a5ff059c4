#include "crypto/primitives/xeddsa_scheme.h"

#include <openssl/bn.h>
#include <openssl/curve25519.h>
#include <openssl/sha.h>
#include <sodium/crypto_core_ed25519.h>
#include <sodium/crypto_scalarmult_ed25519.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <optional>
#include <utility>

#include "crypto/primitives/fatal.h"
#include "crypto/primitives/secret.h"

namespace labyrinth::crypto::xeddsa_scheme {
namespace {

constexpr std::size_t kPrivateKeyBytes = 32;
constexpr std::size_t kScalarBytes = crypto_core_ed25519_SCALARBYTES;
constexpr std::size_t kRandomBytes = 64;  // Z
constexpr uint8_t kSignBit = 0x80;

uint8_t* Data(Secret& s) { return s.MutableSecret().data(); }
const uint8_t* Data(const Secret& s) { return AsSpan(s.RevealSecret()).data(); }

// `wide` (64 bytes, little-endian) modulo the group order q.
Secret Reduce(const Secret& wide) {
  Secret out(kScalarBytes);
  crypto_core_ed25519_scalar_reduce(Data(out), Data(wide));
  return out;
}

// SHA-512 of the parts, modulo q.
Secret HashToScalar(std::initializer_list<std::string_view> parts) {
  SHA512_CTX context;
  SHA512_Init(&context);
  for (std::string_view part : parts) SHA512_Update(&context, part.data(), part.size());
  Secret digest(SHA512_DIGEST_LENGTH);
  SHA512_Final(Data(digest), &context);
  WipeBytes(&context, sizeof(context));
  return Reduce(digest);
}

// hash1(X) = hash(2^256 - 2 || X): its prefix, little-endian.
std::array<char, 32> Hash1Prefix() {
  std::array<char, 32> prefix;
  prefix.fill('\xff');
  prefix[0] = '\xfe';
  return prefix;
}

// Not inlined, so that ./dev consttime can tell this outcome from what its callers do with keys.
[[gnu::noinline]] EdwardsPoint TimesBase(const Secret& scalar) {
  EdwardsPoint out;
  // Fails for zero alone: a clamped scalar isn't a multiple of q, and a random nonce is one with probability 2^-252.
  Require(crypto_scalarmult_ed25519_base_noclamp(out.data(), Data(scalar)) == 0, "XEdDSA: a scalar was zero");
  return out;
}

// u_to_y(u) = (u - 1) / (u + 1) mod p, for canonical u other than p - 1. All of it is public.
std::optional<EdwardsPoint> EdwardsY(const PublicKey& u) {
  bssl::UniquePtr<BN_CTX> context(BN_CTX_new());
  bssl::UniquePtr<BIGNUM> p(BN_new()), x(BN_le2bn(u.data(), PublicKey::kSize, nullptr)), y(BN_new());
  bssl::UniquePtr<BIGNUM> denominator(BN_new());
  EdwardsPoint out;
  const bool done = context && p && x && y && denominator && BN_set_bit(p.get(), 255) && BN_sub_word(p.get(), 19) &&
                    BN_copy(denominator.get(), x.get()) && BN_add_word(denominator.get(), 1) &&
                    BN_mod_inverse(denominator.get(), denominator.get(), p.get(), context.get()) &&
                    BN_mod_sub(y.get(), x.get(), BN_value_one(), p.get(), context.get()) &&
                    BN_mod_mul(y.get(), y.get(), denominator.get(), p.get(), context.get()) &&
                    BN_bn2le_padded(out.data(), EdwardsPoint::kSize, y.get());
  if (!done) return std::nullopt;
  return out;
}

absl::Status Refused(const char* why) { return absl::DataLossError(why); }

}  // namespace

absl::StatusOr<EdwardsKeyPair> CalculateKeyPair(const Secret& private_key) {
  if (private_key.size() != kPrivateKeyBytes) return absl::InvalidArgumentError("XEdDSA private key: not 32 bytes");
  EnsureSodium();
  Secret wide(crypto_core_ed25519_NONREDUCEDSCALARBYTES);
  std::memcpy(Data(wide), Data(private_key), kPrivateKeyBytes);
  // Clamped as X25519 does (RFC 7748 section 5).
  Data(wide)[0] &= 248;
  Data(wide)[31] = (Data(wide)[31] & 127) | 64;
  EdwardsKeyPair out{Reduce(wide), {}, false};
  out.point = TimesBase(out.scalar);

  Secret negative(kScalarBytes);
  crypto_core_ed25519_scalar_negate(Data(negative), Data(out.scalar));
  const uint8_t sign = out.point.data()[31] >> 7;
  const uint8_t mask = static_cast<uint8_t>(-sign);  // selects without a branch on the key
  for (std::size_t i = 0; i < kScalarBytes; ++i) {
    Data(out.scalar)[i] ^= mask & (Data(out.scalar)[i] ^ Data(negative)[i]);
  }
  out.point.data()[31] &= static_cast<uint8_t>(~kSignBit);
  out.negated = sign != 0;
  WipeDeadStack();
  return out;
}

// r = hash1(a || M || Z); R = rB; h = hash(R || A || M); s = r + ha (mod q); R || s.
absl::StatusOr<Signature> Sign(const Secret& private_key, std::string_view message, RandomSource& random) {
  absl::StatusOr<EdwardsKeyPair> keys = CalculateKeyPair(private_key);
  if (!keys.ok()) return keys.status();
  const Secret z = RandomSecret(kRandomBytes, random);
  const std::array<char, 32> prefix = Hash1Prefix();
  const Secret r =
      HashToScalar({{prefix.data(), prefix.size()}, keys->scalar.RevealSecret(), message, z.RevealSecret()});
  const EdwardsPoint big_r = TimesBase(r);
  Secret s = HashToScalar({big_r.view(), keys->point.view(), message});
  crypto_core_ed25519_scalar_mul(Data(s), Data(std::as_const(s)), Data(std::as_const(keys->scalar)));
  crypto_core_ed25519_scalar_add(Data(s), Data(std::as_const(s)), Data(r));
  WipeDeadStack();

  Signature out;
  std::memcpy(out.data(), big_r.data(), EdwardsPoint::kSize);
  std::memcpy(out.data() + EdwardsPoint::kSize, Data(std::as_const(s)), kScalarBytes);
  return out;
}

// A = convert_mont(u) with the signature's sign bit; then Ed25519: s < q and R == sB - hash(R || A || M)A as bytes.
absl::Status Verify(const PublicKey& public_key, std::string_view message, const Signature& signature) {
  if (IsBadPublicKey(public_key)) return Refused("signature: its public key is not canonical or of low order");
  std::optional<EdwardsPoint> point = EdwardsY(public_key);
  if (!point.has_value()) return Refused("signature: its public key has no Edwards form");
  Signature plain = signature;
  const uint8_t sign = plain.data()[63] & kSignBit;
  plain.data()[63] ^= sign;
  point->data()[31] |= sign;
  // BoringSSL refuses s >= q and a point of the twist.
  if (ED25519_verify(AsSpan(message).data(), message.size(), plain.data(), point->data()) != 1) {
    return Refused("signature: doesn't verify");
  }
  return absl::OkStatus();
}

}  // namespace labyrinth::crypto::xeddsa_scheme
