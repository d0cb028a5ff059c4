#include "service/auth/jwt_testing.h"

#include <openssl/bn.h>
#include <openssl/curve25519.h>
#include <openssl/ec_key.h>
#include <openssl/ecdsa.h>
#include <openssl/nid.h>
#include <openssl/rsa.h>

#include "common/bytes.h"
#include "crypto/primitives/hash.h"
#include "service/auth/base64url.h"

namespace labyrinth::service::testing {
namespace {

// Keys of no worth, made for this file.
constexpr std::string_view kRsaModulus =
    "dbd1299c407f37cb331ef320e8952f6f9504b5127ced95fc146c537cb29c0dc40d6dad75902014413339ac17cd472de2d50a"
    "31b388f8fdbae1c2ef690d364ee9190e6f7868f5cac3321b75019b293af562eddcdee9cfb3a450c3defd4e3966b7e315f1a5"
    "cd64b5e6b6f9bba492dde498e872e233d3e4de486bd3ef7a39ad1441a75e44fd871e69996e88b75a091ff0fcadcc0094daf6"
    "e3d14051f5a2d84fb6c7c696d0bfca6c86829f519505e53091c4516e89953671a0919e49cd2ee9df3e370c929a3545055c13"
    "ea88c1847a5fbbaeac72de1a6b16900736c80419e15d77fda7e25519744c099c1d515aa180e93b7b1f82273c38945a4ca0ca"
    "bfc94b9ea5c7";
constexpr std::string_view kRsaPrivateExponent =
    "5cbe7442f3c7793fe7b2c03bfb45ae7cf2afc8c223298ee58bac64d130febca422524b245609e2e1db7e12c8fc187318c870"
    "03a64f3d56b879b66892b73b59b1e99b7896a21a4a516f1bbc934fe6e674502831cf6f70edc77f38152664d1bd300ac4e06e"
    "e728fdc2792306f399efbb1a74c0bc05c7fa417ae6dbc5a7991c18760eaae9884cd2b1ab4972545a6dea9cca5a36c71c5e7e"
    "ca5ab1d2e54841fd7e56f44ec9e5402952dad7a62c4f8db1767be45a427a0ed7e703df7ba1665917a40643ea1a663cb95d75"
    "70d9a7d424d37a1b684ca86021a4868a817810be0229dd81549dd804681d78eeb000b01c5d01b59b581a1c5c0afbc83197cf"
    "1906602fd091";
constexpr std::string_view kWeakRsaModulus =
    "ade88db4c146bfcd6927aa9cf222056f9325f5680c79bbe1288a4f11aa8d39edbd8ad5104e2c296c10f69fbc44cdb8a9162d"
    "5f35624fd06dcc3d54e6900c8f36d73a583dd952dfc2e6dd130fd6f62141a52dbfa4257382633124bad05f986119748d3fe9"
    "aa704152314ea8f919303519428c1ee6f4fd7e22fa6be81235eeb79f";
constexpr std::string_view kRsaExponent = "010001";
constexpr std::string_view kEd25519Seed = "labyrinth test key: Ed25519 seed";
constexpr std::string_view kP256Scalar = "labyrinth test key: P-256 scalar";

using Number = bssl::UniquePtr<BIGNUM>;

Number FromBytes(std::string_view bytes) { return Number(BN_bin2bn(AsSpan(bytes).data(), bytes.size(), nullptr)); }

std::string Padded(const BIGNUM* number, std::size_t size) {
  std::string out(size, '\0');
  BN_bn2bin_padded(reinterpret_cast<uint8_t*>(out.data()), size, number);
  return out;
}

struct Ed25519Pair {
  std::string public_key = std::string(ED25519_PUBLIC_KEY_LEN, '\0');
  std::string private_key = std::string(ED25519_PRIVATE_KEY_LEN, '\0');
};

Ed25519Pair MakeEd25519() {
  Ed25519Pair pair;
  ED25519_keypair_from_seed(reinterpret_cast<uint8_t*>(pair.public_key.data()),
                            reinterpret_cast<uint8_t*>(pair.private_key.data()), AsSpan(kEd25519Seed).data());
  return pair;
}

bssl::UniquePtr<EC_KEY> MakeP256() {
  bssl::UniquePtr<EC_KEY> key(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
  const EC_GROUP* group = EC_KEY_get0_group(key.get());
  const Number scalar = FromBytes(kP256Scalar);
  const bssl::UniquePtr<EC_POINT> point(EC_POINT_new(group));
  EC_POINT_mul(group, point.get(), scalar.get(), nullptr, nullptr, nullptr);
  EC_KEY_set_private_key(key.get(), scalar.get());
  EC_KEY_set_public_key(key.get(), point.get());
  return key;
}

std::string SignP256(std::string_view digest) {
  const bssl::UniquePtr<EC_KEY> key = MakeP256();
  const bssl::UniquePtr<ECDSA_SIG> signature(ECDSA_do_sign(AsSpan(digest).data(), digest.size(), key.get()));
  return Padded(ECDSA_SIG_get0_r(signature.get()), 32) + Padded(ECDSA_SIG_get0_s(signature.get()), 32);
}

std::string SignRsa(std::string_view digest) {
  bssl::UniquePtr<RSA> key(RSA_new());
  RSA_set0_key(key.get(), FromBytes(*FromHex(kRsaModulus)).release(), FromBytes(*FromHex(kRsaExponent)).release(),
               FromBytes(*FromHex(kRsaPrivateExponent)).release());
  std::string out(RSA_size(key.get()), '\0');
  unsigned size = 0;
  RSA_sign(NID_sha256, AsSpan(digest).data(), digest.size(), reinterpret_cast<uint8_t*>(out.data()), &size, key.get());
  out.resize(size);
  return out;
}

}  // namespace

nlohmann::json Ed25519Jwk() {
  return {{"kty", "OKP"}, {"crv", "Ed25519"}, {"kid", "ed"}, {"x", EncodeBase64Url(MakeEd25519().public_key)}};
}

nlohmann::json P256Jwk() {
  const bssl::UniquePtr<EC_KEY> key = MakeP256();
  const Number x(BN_new()), y(BN_new());
  EC_POINT_get_affine_coordinates_GFp(EC_KEY_get0_group(key.get()), EC_KEY_get0_public_key(key.get()), x.get(), y.get(),
                                      nullptr);
  return {{"kty", "EC"},
          {"crv", "P-256"},
          {"kid", "ec"},
          {"x", EncodeBase64Url(Padded(x.get(), 32))},
          {"y", EncodeBase64Url(Padded(y.get(), 32))}};
}

nlohmann::json RsaJwk() {
  return {{"kty", "RSA"},
          {"kid", "rsa"},
          {"n", EncodeBase64Url(*FromHex(kRsaModulus))},
          {"e", EncodeBase64Url(*FromHex(kRsaExponent))}};
}

std::string WeakRsaModulus() { return EncodeBase64Url(*FromHex(kWeakRsaModulus)); }

std::string SignJws(std::string_view algorithm, std::string_view signing_input) {
  const std::string digest = crypto::Sha256(signing_input).str();
  if (algorithm == "ES256") return SignP256(digest);
  if (algorithm == "RS256") return SignRsa(digest);
  if (algorithm == "EdDSA") {
    const Ed25519Pair pair = MakeEd25519();
    std::string out(ED25519_SIGNATURE_LEN, '\0');
    ED25519_sign(reinterpret_cast<uint8_t*>(out.data()), AsSpan(signing_input).data(), signing_input.size(),
                 AsSpan(pair.private_key).data());
    return out;
  }
  if (algorithm == "HS256") {  // the classic confusion: the public key's text as the MAC's key
    return crypto::MacWithPublicKey(signing_input, Ed25519Jwk().at("x").get<std::string>()).str();
  }
  return "";  // "none"
}

std::string Draft::Token() const {
  const std::string signing_input = EncodeBase64Url(header_text.empty() ? header.dump() : header_text) + "." +
                                    EncodeBase64Url(claims_text.empty() ? claims.dump() : claims_text);
  return signing_input + "." + EncodeBase64Url(SignJws(sign_with, signing_input));
}

Draft GoodDraft(std::string_view algorithm, int64_t now_ms) {
  Draft draft;
  const int64_t now_s = now_ms / 1000;
  draft.sign_with = std::string(algorithm);
  draft.header = {{"alg", draft.sign_with}, {"kid", algorithm == "ES256" ? "ec" : algorithm == "RS256" ? "rsa" : "ed"}};
  draft.claims = {{"iss", "https://issuer.test"}, {"aud", "labyrinth"}, {"sub", "account-1"},
                  {"exp", now_s + 600},           {"nbf", now_s - 10},  {"auth_time", now_s - 60}};
  return draft;
}

}  // namespace labyrinth::service::testing
