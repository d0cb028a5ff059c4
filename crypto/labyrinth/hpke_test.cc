#include "crypto/labyrinth/hpke.h"

#include <catch2/catch.hpp>
#include <string>

#include "crypto/primitives/release_watch.h"
#include "crypto/primitives/seeded_random.h"

namespace labyrinth::crypto {
namespace {

struct Parties {
  explicit Parties(uint64_t seed)
      : random(seed), sender(KeyPair::Generate(random)), recipient(KeyPair::Generate(random)) {}

  std::string Seal(std::string_view plaintext) {
    return PkEncrypt(recipient.public_key, sender, psk, "aad", plaintext, random).value();
  }
  absl::StatusOr<Secret> Open(std::string_view ciphertext) const {
    return PkDecrypt(recipient, sender.public_key, psk, "aad", ciphertext);
  }

  SeededRandom random;
  KeyPair sender;
  KeyPair recipient;
  Secret psk = Secret::CopyOf(std::string(32, 'p'));
};

TEST_CASE("the recipient opens what the sender sealed") {
  Parties p(1);
  for (std::size_t size : {0, 1, 32, 1000}) {
    const std::string plaintext(size, 'x');
    const std::string sealed = p.Seal(plaintext);
    CHECK(sealed.size() == 1 + 32 + size + 16);
    CHECK(p.Open(sealed)->RevealSecret() == plaintext);
    CHECK(sealed != p.Seal(plaintext));
  }
}

TEST_CASE("any change of the ciphertext is damage") {
  Parties p(2);
  const std::string sealed = p.Seal("plaintext");
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string wrong = sealed;
    wrong[i] ^= 0x04;
    CHECK(absl::IsDataLoss(p.Open(wrong).status()));
    CHECK(absl::IsDataLoss(p.Open(sealed.substr(0, i)).status()));
  }
  CHECK(absl::IsDataLoss(p.Open(sealed + '\0').status()));
}

TEST_CASE("every input is bound: psk, associated data, both parties") {
  Parties p(3);
  const KeyPair other = KeyPair::Generate(p.random);
  const std::string sealed = p.Seal("plaintext");
  const auto refused = [](const absl::StatusOr<Secret>& opened) { return absl::IsDataLoss(opened.status()); };
  CHECK(refused(PkDecrypt(p.recipient, p.sender.public_key, Secret(32), "aad", sealed)));
  CHECK(refused(PkDecrypt(p.recipient, p.sender.public_key, p.psk, "aae", sealed)));
  CHECK(refused(PkDecrypt(p.recipient, other.public_key, p.psk, "aad", sealed)));
  CHECK(refused(PkDecrypt(other, p.sender.public_key, p.psk, "aad", sealed)));
  // A recipient that holds the right private key under another's name.
  CHECK(refused(
      PkDecrypt({p.recipient.private_key.Clone(), other.public_key}, p.sender.public_key, p.psk, "aad", sealed)));
}

TEST_CASE("bad keys and long pre-shared keys are refused before anything is drawn") {
  Parties p(4);
  ScriptedRandom none("");
  PublicKey low_order, too_large;
  low_order.data()[0] = 1;
  for (std::size_t i = 0; i < PublicKey::kSize; ++i) too_large.data()[i] = 0xff;
  too_large.data()[31] = 0x7f;
  for (const PublicKey& bad : {low_order, too_large}) {
    CHECK(absl::IsInvalidArgument(PkEncrypt(bad, p.sender, p.psk, "aad", "p", none).status()));
    CHECK(absl::IsInvalidArgument(PkDecrypt(p.recipient, bad, p.psk, "aad", p.Seal("p")).status()));
    std::string sealed = p.Seal("p");
    sealed.replace(1, 32, bad.view());
    CHECK(absl::IsDataLoss(p.Open(sealed).status()));
  }
  const Secret long_psk(33);
  CHECK(absl::IsInvalidArgument(PkEncrypt(p.recipient.public_key, p.sender, long_psk, "", "p", none).status()));
  CHECK(absl::IsInvalidArgument(PkDecrypt(p.recipient, p.sender.public_key, long_psk, "", p.Seal("p")).status()));
}

TEST_CASE("neither shared secrets nor the ephemeral key stay behind") {
  Parties p(5);
  const std::string ephemeral = p.random.Bytes(32);
  const KeyPair pair = KeyPair::FromPrivate(Secret::CopyOf(ephemeral)).value();
  const std::string identity_shared(X25519SharedSecret(p.sender.private_key, p.recipient.public_key)->RevealSecret());
  const std::string ephemeral_shared(X25519SharedSecret(pair.private_key, p.recipient.public_key)->RevealSecret());
  for (const std::string& marker : {identity_shared, ephemeral_shared}) {
    ScriptedRandom random(ephemeral);
    ReleaseWatch watch(marker);
    CHECK(PkEncrypt(p.recipient.public_key, p.sender, p.psk, "aad", "p", random).ok());
    CHECK(watch.released() > 0);
    CHECK(watch.released_with_marker() == 0);
  }
}

}  // namespace
}  // namespace labyrinth::crypto
