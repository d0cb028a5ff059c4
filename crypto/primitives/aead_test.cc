#include "crypto/primitives/aead.h"

#include <catch2/catch.hpp>
#include <string>

#include "crypto/primitives/release_watch.h"
#include "crypto/primitives/seeded_random.h"

namespace labyrinth::crypto {
namespace {

Secret AnyKey(char fill = 'k') { return Secret::CopyOf(std::string(32, fill)); }

TEST_CASE("what is encrypted decrypts, with a fresh nonce each time") {
  SeededRandom random(1);
  for (std::size_t size : {0, 1, 15, 16, 17, 1000}) {
    const std::string plaintext(size, 'p');
    const std::string first = *Encrypt(AnyKey(), "aad", plaintext, random);
    const std::string second = *Encrypt(AnyKey(), "aad", plaintext, random);
    CHECK(first.size() == kExtendedNonceBytes + size + kAeadTagBytes);
    CHECK(first.substr(0, 28) != second.substr(0, 28));
    CHECK(Decrypt(AnyKey(), "aad", first)->RevealSecret() == plaintext);
    CHECK(Decrypt(AnyKey(), "aad", second)->RevealSecret() == plaintext);
  }
}

TEST_CASE("any change is damage: a bit, the length, the key, the associated data") {
  SeededRandom random(2);
  const std::string sealed = *Encrypt(AnyKey(), "aad", "plaintext", random);
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string wrong = sealed;
    wrong[i] ^= 0x10;
    CHECK(absl::IsDataLoss(Decrypt(AnyKey(), "aad", wrong).status()));
    CHECK(absl::IsDataLoss(Decrypt(AnyKey(), "aad", sealed.substr(0, i)).status()));
  }
  CHECK(absl::IsDataLoss(Decrypt(AnyKey(), "aad", sealed + '\0').status()));
  CHECK(absl::IsDataLoss(Decrypt(AnyKey('l'), "aad", sealed).status()));
  CHECK(absl::IsDataLoss(Decrypt(AnyKey(), "aae", sealed).status()));
  CHECK(absl::IsDataLoss(Decrypt(AnyKey(), "", sealed).status()));
}

TEST_CASE("keys and nonces have one length") {
  const std::string nonce12(12, 'n');
  for (std::size_t size : {0, 16, 31, 33}) {
    const Secret key(size);
    ScriptedRandom none("");
    CHECK(absl::IsInvalidArgument(Encrypt(key, "", "p", none).status()));
    CHECK(absl::IsInvalidArgument(Decrypt(key, "", std::string(60, 'c')).status()));
    CHECK(absl::IsInvalidArgument(EncryptPadded(key, "", "p", none).status()));
    CHECK(absl::IsInvalidArgument(AesGcmSeal(key, nonce12, "", "p").status()));
    CHECK(absl::IsInvalidArgument(AesGcmOpen(key, nonce12, "", std::string(60, 'c')).status()));
    CHECK(absl::IsInvalidArgument(HChaCha20(key, std::string(16, 'n')).status()));
  }
  for (std::size_t size : {0, 11, 13, 16}) {
    const std::string nonce(size, 'n');
    CHECK(absl::IsInvalidArgument(AesGcmSeal(AnyKey(), nonce, "", "p").status()));
    CHECK(absl::IsInvalidArgument(AesGcmOpen(AnyKey(), nonce, "", std::string(60, 'c')).status()));
  }
  CHECK(absl::IsInvalidArgument(HChaCha20(AnyKey(), nonce12).status()));
}

TEST_CASE("plain AES-GCM opens what it sealed, under the same nonce alone") {
  const std::string sealed = *AesGcmSeal(AnyKey(), std::string(12, 'n'), "aad", "plaintext");
  CHECK(AesGcmOpen(AnyKey(), std::string(12, 'n'), "aad", sealed)->RevealSecret() == "plaintext");
  CHECK(absl::IsDataLoss(AesGcmOpen(AnyKey(), std::string(12, 'm'), "aad", sealed).status()));
  CHECK(absl::IsDataLoss(AesGcmOpen(AnyKey(), std::string(12, 'n'), "aad", sealed.substr(0, 15)).status()));
}

TEST_CASE("a padded plaintext's length shows in its class alone") {
  SeededRandom random(3);
  CHECK(EncryptPadded(AnyKey(), "", "1", random)->size() == EncryptPadded(AnyKey(), "", "1234567890", random)->size());
  const std::string sealed = *EncryptPadded(AnyKey(), "aad", "text", random);
  CHECK(DecryptPadded(AnyKey(), "aad", sealed)->RevealSecret() == "text");
  // Authentic, but not padded by anyone.
  const std::string unpadded = *Encrypt(AnyKey(), "aad", "\xff\xff\xff\xff", random);
  CHECK(absl::IsDataLoss(DecryptPadded(AnyKey(), "aad", unpadded).status()));
}

TEST_CASE("neither plaintexts nor subkeys stay behind") {
  const std::string plaintext = "a plaintext that is long enough to be told apart";
  ScriptedRandom nonces(std::string(28, 'n') + std::string(28, 'n'));
  const std::string subkey(HChaCha20(AnyKey(), std::string(16, 'n'))->RevealSecret());
  const std::string sealed = *EncryptPadded(AnyKey(), "", plaintext, nonces);
  {
    ReleaseWatch watch(plaintext);
    CHECK(EncryptPadded(AnyKey(), "", plaintext, nonces).ok());
    CHECK(DecryptPadded(AnyKey(), "", sealed).ok());
    CHECK(watch.released_with_marker() == 0);
  }
  ReleaseWatch watch(subkey);
  CHECK(DecryptPadded(AnyKey(), "", sealed).ok());
  CHECK(watch.released() > 0);
  CHECK(watch.released_with_marker() == 0);
}

}  // namespace
}  // namespace labyrinth::crypto
