#include "service/auth/jwks.h"

#include <catch2/catch.hpp>
#include <functional>

#include "service/auth/base64url.h"
#include "service/auth/jwt_testing.h"

namespace labyrinth::service {
namespace {

using nlohmann::json;

json Set(std::vector<json> keys) { return {{"keys", keys}}; }

TEST_CASE("A set holds one key of each kind under its kid") {
  const auto set = JwkSet::Parse(Set({testing::Ed25519Jwk(), testing::P256Jwk(), testing::RsaJwk()}).dump());
  REQUIRE(set.ok());
  CHECK((*set)->size() == 3);
  CHECK((*set)->skipped().empty());
  CHECK((*set)->Find("ed")->algorithm() == JwsAlgorithm::kEdDsa);
  CHECK((*set)->Find("ec")->algorithm() == JwsAlgorithm::kEs256);
  CHECK((*set)->Find("rsa")->algorithm() == JwsAlgorithm::kRs256);
  CHECK((*set)->Find("other") == nullptr);
}

TEST_CASE("A key that can't be used is left out and named, and unspoilt is used") {
  struct Row {
    const char* name;
    json key;
    std::function<void(json&)> spoil;
    const char* why;
  };
  const Row rows[] = {
      {"no kid", testing::Ed25519Jwk(), [](json& k) { k.erase("kid"); }, "no kid"},
      {"for encryption", testing::RsaJwk(), [](json& k) { k["use"] = "enc"; }, "not for signatures"},
      {"key_ops without verify", testing::RsaJwk(), [](json& k) { k["key_ops"] = {"encrypt"}; }, "not for verifying"},
      {"alg of another type", testing::P256Jwk(), [](json& k) { k["alg"] = "RS256"; }, "alg"},
      {"alg that we don't verify", testing::RsaJwk(), [](json& k) { k["alg"] = "RS512"; }, "alg"},
      {"curve Ed448", testing::Ed25519Jwk(), [](json& k) { k["crv"] = "Ed448"; }, "neither"},
      {"curve X25519", testing::Ed25519Jwk(), [](json& k) { k["crv"] = "X25519"; }, "neither"},
      {"curve P-384", testing::P256Jwk(), [](json& k) { k["crv"] = "P-384"; }, "neither"},
      {"curve of the other family", testing::P256Jwk(), [](json& k) { k["crv"] = "Ed25519"; }, "neither"},
      {"Ed25519 key cut", testing::Ed25519Jwk(), [](json& k) { k["x"] = EncodeBase64Url(std::string(31, 'x')); }, "32"},
      {"point off the curve", testing::P256Jwk(), [](json& k) { k["y"] = EncodeBase64Url(std::string(32, 'x')); },
       "not a point"},
      {"point at infinity", testing::P256Jwk(),
       [](json& k) { k["x"] = k["y"] = EncodeBase64Url(std::string(32, '\0')); }, "not a point"},
      {"coordinate cut", testing::P256Jwk(), [](json& k) { k["x"] = EncodeBase64Url(std::string(31, 'x')); }, "32"},
      {"RSA of 1024 bits", testing::RsaJwk(), [](json& k) { k["n"] = testing::WeakRsaModulus(); }, "2048"},
      {"RSA of 16384 bits", testing::RsaJwk(), [](json& k) { k["n"] = EncodeBase64Url(std::string(2048, '\xff')); },
       "8192"},
      {"RSA exponent 1", testing::RsaJwk(), [](json& k) { k["e"] = "AQ"; }, "exponent"},
      {"RSA exponent even", testing::RsaJwk(), [](json& k) { k["e"] = "AQAC"; }, "exponent"},
      {"not base64url", testing::RsaJwk(), [](json& k) { k["e"] = "AQAB=="; }, "base64url"},
      {"a member missing", testing::P256Jwk(), [](json& k) { k.erase("y"); }, "missing"},
      {"another type", testing::RsaJwk(), [](json& k) { k["kty"] = "AKP"; }, "neither"},
  };
  json spare = testing::Ed25519Jwk();
  spare["kid"] = "spare";
  for (const Row& row : rows) {
    INFO(row.name);
    json key = row.key;
    const auto control = JwkSet::Parse(Set({spare, key}).dump());
    REQUIRE(control.ok());
    CHECK((*control)->size() == 2);
    row.spoil(key);
    const auto set = JwkSet::Parse(Set({spare, key}).dump());
    REQUIRE(set.ok());
    CHECK((*set)->size() == 1);
    REQUIRE((*set)->skipped().size() == 1);
    INFO((*set)->skipped()[0]);
    CHECK((*set)->skipped()[0].find("keys[1]: ") == 0);
    CHECK((*set)->skipped()[0].find(row.why) != std::string::npos);
  }
}

TEST_CASE("A set that must be a mistake is refused whole") {
  json private_key = testing::Ed25519Jwk();
  private_key["d"] = "c2VjcmV0";
  json other_ed = testing::P256Jwk();
  other_ed["kid"] = "ed";
  json unusable = testing::RsaJwk();
  unusable["use"] = "enc";
  const std::pair<const char*, std::string> rows[] = {
      {"private key", Set({private_key}).dump()},
      {"symmetric key", Set({testing::RsaJwk(), {{"kty", "oct"}, {"k", "c2VjcmV0"}, {"kid", "h"}}}).dump()},
      {"one kid for two keys", Set({testing::Ed25519Jwk(), other_ed}).dump()},
      {"no keys", Set({}).dump()},
      {"no usable key", Set({unusable}).dump()},
      {"an entry that isn't an object", R"({"keys":[1]})"},
      {"no array", R"({"keys":{}})"},
      {"a single key", testing::Ed25519Jwk().dump()},
      {"not JSON", "-----BEGIN PUBLIC KEY-----"},
      {"cut", Set({testing::Ed25519Jwk()}).dump().substr(0, 40)},
  };
  CHECK(JwkSet::Parse(Set({testing::Ed25519Jwk()}).dump()).ok());  // control
  for (const auto& [name, text] : rows) {
    INFO(name);
    const auto set = JwkSet::Parse(text);
    CHECK(absl::IsInvalidArgument(set.status()));
    CHECK(std::string(set.status().message()).find("c2VjcmV0") == std::string::npos);
  }
}

}  // namespace
}  // namespace labyrinth::service
