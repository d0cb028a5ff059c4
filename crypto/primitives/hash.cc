#include "crypto/primitives/hash.h"

#include <openssl/digest.h>
#include <openssl/hkdf.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include "crypto/primitives/fatal.h"

namespace labyrinth::crypto {
Sha256Digest Sha256(std::string_view data) {
  Sha256Digest out;
  SHA256(AsSpan(data).data(), data.size(), out.data());
  return out;
}

Sha512Digest Sha512(std::string_view data) {
  Sha512Digest out;
  SHA512(AsSpan(data).data(), data.size(), out.data());
  return out;
}

MacTag Mac(std::string_view data, const Secret& key) { return MacWithPublicKey(data, key.RevealSecret()); }

MacTag MacWithPublicKey(std::string_view data, std::string_view key) {
  MacTag out;
  unsigned size = 0;
  const bool done = HMAC(EVP_sha256(), key.data(), key.size(), AsSpan(data).data(), data.size(), out.data(), &size);
  Require(done && size == MacTag::kSize, "HMAC-SHA256 failed");
  WipeDeadStack();
  return out;
}

bool VerifyMac(std::string_view data, const Secret& key, std::string_view expected) {
  MacTag actual = Mac(data, key);
  const bool equal = ConstantTimeEquals(actual.view(), expected);
  // The right answer for data of an attacker's choice: a forgery if it leaked.
  WipeBytes(actual.data(), MacTag::kSize);
  return equal;
}

// RFC 5869: expand(extract(salt, ikm), info, size).
Secret Kdf(const Secret& ikm, std::string_view salt, std::string_view info, std::size_t size) {
  Require(size <= 255 * Sha256Digest::kSize, "HKDF-SHA256 gives at most 8160 bytes");
  Secret prk(Sha256Digest::kSize);
  std::size_t prk_size = 0;
  Secret out(size);
  const bool done = HKDF_extract(prk.MutableSecret().data(), &prk_size, EVP_sha256(), AsSpan(ikm.RevealSecret()).data(),
                                 ikm.size(), AsSpan(salt).data(), salt.size()) &&
                    HKDF_expand(out.MutableSecret().data(), size, EVP_sha256(), AsSpan(prk.RevealSecret()).data(),
                                prk_size, AsSpan(info).data(), info.size());
  Require(done, "HKDF-SHA256 failed");
  WipeDeadStack();
  return out;
}

Secret Kdf(const Secret& ikm, const Secret& salt, std::string_view info, std::size_t size) {
  return Kdf(ikm, salt.RevealSecret(), info, size);
}

std::pair<Secret, Secret> KdfTwoKeys(const Secret& ikm, std::string_view salt, std::string_view info) {
  const Secret both = Kdf(ikm, salt, info, 64);
  return {Secret::CopyOf(both.RevealSecret().substr(0, 32)), Secret::CopyOf(both.RevealSecret().substr(32))};
}

}  // namespace labyrinth::crypto
