#include "crypto/primitives/xeddsa.h"

#include <catch2/catch.hpp>
#include <string>

#include "crypto/primitives/release_watch.h"
#include "crypto/primitives/seeded_random.h"

namespace labyrinth::crypto {
namespace {

constexpr SignatureUse kUse = SignatureUse::kLogEntry;

// The group order q, little-endian.
const std::string kOrder = *FromHex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");

bool Refused(const absl::Status& status) { return absl::IsDataLoss(status); }

TEST_CASE("signatures verify, never carry the sign bit, and differ each time") {
  SeededRandom random(1);
  int negated = 0;
  for (int i = 0; i < 60; ++i) {
    const KeyPair pair = KeyPair::Generate(random);
    const std::string data = random.Bytes(static_cast<std::size_t>(i));
    const Signature first = *Sign(pair.private_key, kUse, data, random);
    const Signature second = *Sign(pair.private_key, kUse, data, random);
    CHECK(Verify(pair.public_key, kUse, data, first).ok());
    CHECK(Verify(pair.public_key, kUse, data, second).ok());
    CHECK(first != second);
    CHECK((first.data()[63] & 0x80) == 0);
    negated += xeddsa_scheme::CalculateKeyPair(pair.private_key)->negated;
  }
  // Both signs of the Edwards point came up.
  CHECK(negated > 10);
  CHECK(negated < 50);
}

TEST_CASE("any change is refused: each bit of the signature, the data, the use, the key") {
  SeededRandom random(2);
  const KeyPair pair = KeyPair::Generate(random), other = KeyPair::Generate(random);
  const Signature signature = *Sign(pair.private_key, kUse, "data", random);
  for (std::size_t bit = 0; bit < Signature::kSize * 8; ++bit) {
    Signature wrong = signature;
    wrong.data()[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    CHECK(Refused(Verify(pair.public_key, kUse, "data", wrong)));
  }
  CHECK(Refused(Verify(pair.public_key, kUse, "datb", signature)));
  CHECK(Refused(Verify(pair.public_key, kUse, "", signature)));
  CHECK(Refused(Verify(pair.public_key, SignatureUse::kSession, "data", signature)));
  CHECK(Refused(Verify(other.public_key, kUse, "data", signature)));
}

TEST_CASE("the use byte is a part of what is signed") {
  SeededRandom random(3);
  const KeyPair pair = KeyPair::Generate(random);
  const Signature signature = *Sign(pair.private_key, SignatureUse::kEpochStorageKey, "data", random);
  CHECK(xeddsa_scheme::Verify(pair.public_key,
                              "\x30"
                              "data",
                              signature)
            .ok());
  CHECK(Refused(xeddsa_scheme::Verify(pair.public_key, "data", signature)));
}

TEST_CASE("s from the group order up is refused") {
  SeededRandom random(4);
  const KeyPair pair = KeyPair::Generate(random);
  Signature signature = *Sign(pair.private_key, kUse, "data", random);
  unsigned carry = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    carry += signature.data()[32 + i] + static_cast<uint8_t>(kOrder[i]);
    signature.data()[32 + i] = static_cast<uint8_t>(carry);
    carry >>= 8;
  }
  CHECK(Refused(Verify(pair.public_key, kUse, "data", signature)));
}

TEST_CASE("bad public keys verify nothing") {
  SeededRandom random(5);
  const Signature signature = *Sign(KeyPair::Generate(random).private_key, kUse, "data", random);
  for (const char* hex : {"0000000000000000000000000000000000000000000000000000000000000000",
                          "0100000000000000000000000000000000000000000000000000000000000000",
                          "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                          "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                          "f6ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                          "0200000000000000000000000000000000000000000000000000000000000000"}) {  // of the twist
    CHECK(Refused(Verify(*PublicKey::From(*FromHex(hex)), kUse, "data", signature)));
  }
  CHECK(Refused(Verify(PublicKey(), kUse, "data", Signature())));
}

TEST_CASE("a private key has one length, and nothing is drawn for another") {
  for (std::size_t size : {0, 31, 33, 64}) {
    ScriptedRandom none("");
    CHECK(absl::IsInvalidArgument(Sign(Secret(size), kUse, "data", none).status()));
    CHECK(absl::IsInvalidArgument(xeddsa_scheme::CalculateKeyPair(Secret(size)).status()));
  }
}

TEST_CASE("neither the key's forms nor the nonce's randomness stay behind") {
  SeededRandom random(6);
  const std::string private_key = random.Bytes(32), z = random.Bytes(64);
  const std::string scalar(xeddsa_scheme::CalculateKeyPair(Secret::CopyOf(private_key))->scalar.RevealSecret());
  // The clamped key differs from the stored one in its first and last byte.
  for (const std::string& marker : {private_key.substr(1, 30), scalar, z.substr(0, 32)}) {
    const Secret key = Secret::CopyOf(private_key);
    SeededRandom source(6);
    source.Bytes(32);
    ReleaseWatch watch(marker);
    CHECK(Sign(key, kUse, "data", source).ok());
    CHECK(watch.released() > 0);
    CHECK(watch.released_with_marker() == 0);
  }
}

}  // namespace
}  // namespace labyrinth::crypto
