#include "crypto/primitives/padding.h"
#include "crypto/primitives/ristretto.h"
#include "crypto/primitives/secret.h"
#include "crypto/primitives/seeded_random.h"
#include "crypto/primitives/x25519.h"
#include "crypto/primitives/xeddsa.h"
#include "tests/fuzz/fuzz_target.h"

namespace labyrinth::fuzz {
namespace {

using crypto::Secret;

void RunPadding(std::string_view input) {
  const auto plaintext = crypto::Unpad(input);
  if (!plaintext.ok()) return;
  Require(plaintext->size() + 4 <= input.size(), "unpadding doesn't add");
  const Secret padded = crypto::Pad(plaintext->RevealSecret());
  Require(crypto::Unpad(padded.RevealSecret())->RevealSecret() == plaintext->RevealSecret(), "unpad(pad(x)) is x");
}

std::vector<std::string> PaddingSeeds() {
  std::vector<std::string> seeds;
  for (const std::size_t length : {0, 1, 9, 10, 11, 200}) {
    seeds.emplace_back(crypto::Pad(std::string(length, 'x')).RevealSecret());
  }
  return seeds;
}

void RunRistretto(std::string_view input) {
  if (const auto scalar = crypto::Scalar::Parse(input); scalar.ok()) {
    Require(scalar->bytes().RevealSecret() == input, "a scalar has one encoding");
  }
  if (const auto point = crypto::ParsePoint(input); point.ok()) {
    Require(point->view() == input, "a point has one encoding");
  }
}

std::vector<std::string> RistrettoSeeds() {
  crypto::SeededRandom random(1);
  return {std::string(crypto::Scalar::Random(random).bytes().RevealSecret()), crypto::HashToCurve("seed").str()};
}

// Public key (32), signature (64), then the data.
void RunXeddsa(std::string_view input) {
  if (input.size() < 96) return;
  const auto key = *crypto::PublicKey::From(input.substr(0, 32));
  const auto signature = *crypto::Signature::From(input.substr(32, 64));
  const bool valid = crypto::Verify(key, crypto::SignatureUse::kSession, input.substr(96), signature).ok();
  Require(!valid || !crypto::IsBadPublicKey(key), "no low-order key verifies anything");
}

std::vector<std::string> XeddsaSeeds() {
  crypto::SeededRandom random(2);
  const auto pair = crypto::KeyPair::Generate(random);
  const auto signature = crypto::Sign(pair.private_key, crypto::SignatureUse::kSession, "data", random);
  return {pair.public_key.str() + signature->str() + "data", std::string(100, '\0')};
}

constexpr FuzzTarget kTargets[] = {
    {"padding", PaddingSeeds, RunPadding},
    {"ristretto", RistrettoSeeds, RunRistretto},
    {"xeddsa", XeddsaSeeds, RunXeddsa},
};

}  // namespace

std::span<const FuzzTarget> PrimitiveTargets() { return kTargets; }

}  // namespace labyrinth::fuzz
