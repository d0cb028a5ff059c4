#include "crypto/primitives/x25519.h"

#include <openssl/curve25519.h>

#include <array>
#include <cstdint>
#include <utility>

namespace labyrinth::crypto {
namespace {

constexpr std::size_t kPrivateKeyBytes = 32;

absl::Status WrongPrivateKey() { return absl::InvalidArgumentError("X25519 private key: not 32 bytes"); }

KeyPair PairOf(Secret private_key) {
  KeyPair pair{std::move(private_key), {}};
  X25519_public_from_private(pair.public_key.data(), AsSpan(pair.private_key.RevealSecret()).data());
  WipeDeadStack();
  return pair;
}

// p = 2^255 - 19, little-endian.
bool IsCanonical(const PublicKey& u) {
  const uint8_t* bytes = u.data();
  if (bytes[31] > 0x7f) return false;
  if (bytes[31] < 0x7f) return true;
  for (int i = 30; i > 0; --i) {
    if (bytes[i] < 0xff) return true;
  }
  return bytes[0] < 0xed;
}

}  // namespace

KeyPair KeyPair::Generate(RandomSource& random) { return PairOf(RandomSecret(kPrivateKeyBytes, random)); }

absl::StatusOr<KeyPair> KeyPair::FromPrivate(Secret private_key) {
  if (private_key.size() != kPrivateKeyBytes) return WrongPrivateKey();
  return PairOf(std::move(private_key));
}

absl::StatusOr<Secret> X25519SharedSecret(const Secret& private_key, const PublicKey& public_key) {
  if (private_key.size() != kPrivateKeyBytes) return WrongPrivateKey();
  Secret shared(32);
  const bool contributory =
      X25519(shared.MutableSecret().data(), AsSpan(private_key.RevealSecret()).data(), public_key.data()) == 1;
  WipeDeadStack();
  if (!contributory) return absl::InvalidArgumentError("X25519 public key: of low order");
  return shared;
}

bool IsBadPublicKey(const PublicKey& public_key) {
  if (!IsCanonical(public_key)) return true;
  // A clamped scalar is a multiple of the cofactor 8, so it sends the points of low order, of the curve and its twist,
  // to zero, and no others: any private key tells them apart, and this one isn't secret.
  static constexpr std::array<uint8_t, kPrivateKeyBytes> kAnyScalar = {};
  std::array<uint8_t, 32> product;
  return X25519(product.data(), kAnyScalar.data(), public_key.data()) != 1;
}

}  // namespace labyrinth::crypto
