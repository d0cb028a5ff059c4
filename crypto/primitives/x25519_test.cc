#include "crypto/primitives/x25519.h"

#include <catch2/catch.hpp>
#include <string>

#include "crypto/primitives/release_watch.h"
#include "crypto/primitives/seeded_random.h"

namespace labyrinth::crypto {
namespace {

PublicKey FromHexKey(std::string_view hex) { return *PublicKey::From(*FromHex(hex)); }

PublicKey WithTopBit(PublicKey key) {
  key.data()[31] |= 0x80;
  return key;
}

// The points of order 1, 2, 4 and 8, on the curve and its twist, as canonical u.
const char* const kLowOrder[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
};

TEST_CASE("low-order keys are bad in every encoding and agree on nothing") {
  SeededRandom random(1);
  const KeyPair pair = KeyPair::Generate(random);
  for (const char* hex : kLowOrder) {
    for (const PublicKey& key : {FromHexKey(hex), WithTopBit(FromHexKey(hex))}) {
      CHECK(IsBadPublicKey(key));
      CHECK(absl::IsInvalidArgument(X25519SharedSecret(pair.private_key, key).status()));
    }
  }
}

TEST_CASE("keys from p up are bad, though X25519 itself reduces them") {
  SeededRandom random(2);
  const KeyPair pair = KeyPair::Generate(random);
  for (int low = 0xed; low <= 0xff; ++low) {
    PublicKey key = FromHexKey("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
    key.data()[0] = static_cast<uint8_t>(low);
    CHECK(IsBadPublicKey(key));
    CHECK(IsBadPublicKey(WithTopBit(key)));
  }
  // p + 9, the base point.
  const PublicKey base_plus_p = FromHexKey("f6ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
  const absl::StatusOr<Secret> shared = X25519SharedSecret(pair.private_key, base_plus_p);
  REQUIRE(shared.ok());
  CHECK(shared->RevealSecret() == pair.public_key.view());
  // p - 2, the largest that isn't of low order: good.
  CHECK_FALSE(IsBadPublicKey(FromHexKey("ebffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")));
}

TEST_CASE("two sides agree, and no public key of a pair is bad") {
  SeededRandom random(3);
  for (int i = 0; i < 50; ++i) {
    const KeyPair a = KeyPair::Generate(random), b = KeyPair::Generate(random);
    CHECK_FALSE(IsBadPublicKey(a.public_key));
    const absl::StatusOr<Secret> ab = X25519SharedSecret(a.private_key, b.public_key);
    const absl::StatusOr<Secret> ba = X25519SharedSecret(b.private_key, a.public_key);
    REQUIRE((ab.ok() && ba.ok()));
    CHECK(ab->RevealSecret() == ba->RevealSecret());
    CHECK(X25519SharedSecret(a.private_key, a.public_key)->RevealSecret() != ab->RevealSecret());
  }
}

TEST_CASE("a private key is kept as it was drawn") {
  const std::string drawn(32, '\xff');  // not clamped
  ScriptedRandom random(drawn);
  const KeyPair pair = KeyPair::Generate(random);
  CHECK(pair.private_key.RevealSecret() == drawn);
  const absl::StatusOr<KeyPair> again = KeyPair::FromPrivate(Secret::CopyOf(drawn));
  REQUIRE(again.ok());
  CHECK(again->public_key == pair.public_key);
  const KeyPair clone = pair.Clone();
  CHECK((clone.public_key == pair.public_key && clone.private_key.RevealSecret() == drawn));
}

TEST_CASE("private keys have one length") {
  SeededRandom random(4);
  const KeyPair pair = KeyPair::Generate(random);
  for (std::size_t size : {0, 31, 33, 64}) {
    CHECK(absl::IsInvalidArgument(KeyPair::FromPrivate(Secret(size)).status()));
    CHECK(absl::IsInvalidArgument(X25519SharedSecret(Secret(size), pair.public_key).status()));
  }
}

TEST_CASE("neither private keys nor shared secrets stay behind") {
  SeededRandom random(5);
  const std::string drawn = random.Bytes(32);
  const PublicKey other = KeyPair::Generate(random).public_key;
  const std::string shared(X25519SharedSecret(Secret::CopyOf(drawn), other)->RevealSecret());
  for (const std::string& marker : {drawn, shared}) {
    ReleaseWatch watch(marker);
    {
      const absl::StatusOr<KeyPair> pair = KeyPair::FromPrivate(Secret::CopyOf(drawn));
      CHECK(X25519SharedSecret(pair->private_key, other).ok());
    }
    CHECK(watch.released() > 0);
    CHECK(watch.released_with_marker() == 0);
  }
}

}  // namespace
}  // namespace labyrinth::crypto
