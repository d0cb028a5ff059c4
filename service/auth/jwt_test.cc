#include "service/auth/jwt.h"

#include <catch2/catch.hpp>
#include <functional>
#include <vector>

#include "common/errors.h"
#include "service/auth/base64url.h"
#include "service/auth/jwt_testing.h"

namespace labyrinth::service {
namespace {

using testing::Draft;
using testing::GoodDraft;

constexpr int64_t kNowMs = 1'700'000'000'000;
constexpr int64_t kNowS = kNowMs / 1000;
constexpr int64_t kLeewayMs = 30'000;

std::shared_ptr<const JwkSet> AllKeys() {
  const nlohmann::json set = {{"keys", {testing::Ed25519Jwk(), testing::P256Jwk(), testing::RsaJwk()}}};
  auto keys = JwkSet::Parse(set.dump());
  REQUIRE(keys.ok());
  return *keys;
}

class Verifying {
 public:
  absl::StatusOr<AccountClaims> operator()(std::string_view token) const { return verifier_.Verify(token); }
  ManualClock clock{kNowMs};

 private:
  mutable FixedKeySource keys_{AllKeys()};
  JwtVerifier verifier_{
      {.issuer = "https://issuer.test", .audience = "labyrinth", .leeway_ms = kLeewayMs}, keys_, clock};
};

TEST_CASE("Each algorithm's token is accepted and read") {
  const Verifying verify;
  for (const char* algorithm : {"EdDSA", "ES256", "RS256"}) {
    INFO(algorithm);
    const std::string token = GoodDraft(algorithm, kNowMs).Token();
    const auto claims = verify(token);
    REQUIRE(claims.ok());
    CHECK(claims->account_id == "account-1");
    CHECK(claims->auth_time_ms == (kNowS - 60) * 1000);
    CHECK(claims->expire_ms == (kNowS + 600) * 1000);
    CHECK(claims->token_sha256 == crypto::Sha256(token));
  }
}

TEST_CASE("Harmless variety is accepted") {
  const std::pair<const char*, std::function<void(Draft&)>> rows[] = {
      {"typ JWT", [](Draft& d) { d.header["typ"] = "jwt"; }},
      {"typ at+jwt", [](Draft& d) { d.header["typ"] = "at+JWT"; }},
      {"several audiences",
       [](Draft& d) {
         d.claims["aud"] = {"other", "labyrinth"};
       }},
      {"fractions of a second", [](Draft& d) { d.claims["exp"] = static_cast<double>(kNowS) + 600.5; }},
      {"no auth_time", [](Draft& d) { d.claims.erase("auth_time"); }},
      {"no nbf", [](Draft& d) { d.claims.erase("nbf"); }},
      {"expired within the leeway", [](Draft& d) { d.claims["exp"] = kNowS - 29; }},
      {"not yet valid within the leeway", [](Draft& d) { d.claims["nbf"] = kNowS + 30; }},
      {"the longest account id", [](Draft& d) { d.claims["sub"] = std::string(256, 'x'); }},
      {"unknown claims", [](Draft& d) { d.claims["scope"] = "messages"; }},
  };
  const Verifying verify;
  for (const auto& [name, change] : rows) {
    INFO(name);
    Draft draft = GoodDraft("EdDSA", kNowMs);
    change(draft);
    CHECK(verify(draft.Token()).ok());
  }
}

// Spoils one thing of a good draft.
struct Refused {
  const char* name;
  const char* algorithm;
  std::function<void(Draft&)> spoil;
  const char* why;  // in the error's text
};

const std::vector<Refused>& RefusedDrafts() {
  static const auto* rows = new std::vector<Refused>{
      {"alg none", "EdDSA", [](Draft& d) { d.header["alg"] = d.sign_with = "none"; }, "an algorithm other"},
      {"alg None", "EdDSA", [](Draft& d) { d.header["alg"] = d.sign_with = "None"; }, "an algorithm other"},
      {"HMAC under the public key", "EdDSA", [](Draft& d) { d.header["alg"] = d.sign_with = "HS256"; },
       "an algorithm other"},
      {"alg in another case", "EdDSA", [](Draft& d) { d.header["alg"] = "EDDSA"; }, "an algorithm other"},
      {"alg RS512", "RS256", [](Draft& d) { d.header["alg"] = "RS512"; }, "an algorithm other"},
      {"no alg", "EdDSA", [](Draft& d) { d.header.erase("alg"); }, "an algorithm other"},
      {"alg a number", "EdDSA", [](Draft& d) { d.header["alg"] = 1; }, "an algorithm other"},
      {"EC key, RSA alg", "ES256", [](Draft& d) { d.header["alg"] = "RS256"; }, "not the key's"},
      {"Ed key, ES256 alg", "EdDSA", [](Draft& d) { d.header["alg"] = "ES256"; }, "not the key's"},
      {"RSA key, EdDSA alg", "RS256", [](Draft& d) { d.header["alg"] = "EdDSA"; }, "not the key's"},
      {"no kid", "EdDSA", [](Draft& d) { d.header.erase("kid"); }, "no kid"},
      {"kid a number", "EdDSA", [](Draft& d) { d.header["kid"] = 7; }, "no kid"},
      {"unknown kid", "EdDSA", [](Draft& d) { d.header["kid"] = "other"; }, "unknown key"},
      {"another key's kid", "EdDSA", [](Draft& d) { d.header["kid"] = "ec"; }, "not the key's"},
      {"kid twice", "EdDSA", [](Draft& d) { d.header_text = R"({"alg":"EdDSA","kid":"x","kid":"ed"})"; }, "header"},
      {"an unknown critical extension", "EdDSA", [](Draft& d) { d.header["crit"] = {"exp"}; }, "critical"},
      {"crit empty", "EdDSA", [](Draft& d) { d.header["crit"] = nlohmann::json::array(); }, "critical"},
      {"b64", "EdDSA", [](Draft& d) { d.header["b64"] = false; }, "critical"},
      {"a logout token", "EdDSA", [](Draft& d) { d.header["typ"] = "logout+jwt"; }, "another type"},
      {"header not an object", "EdDSA", [](Draft& d) { d.header_text = "[1]"; }, "header"},
      {"header not JSON", "EdDSA", [](Draft& d) { d.header_text = "{alg}"; }, "header"},
      {"header nested deep", "EdDSA", [](Draft& d) { d.header_text = std::string(3000, '['); }, "header"},
      {"payload not an object", "EdDSA", [](Draft& d) { d.claims_text = "\"sub\""; }, "payload"},
      {"payload not UTF-8", "EdDSA", [](Draft& d) { d.claims_text = "{\"sub\":\"\xc3\"}"; }, "payload"},
      {"sub twice", "EdDSA",
       [](Draft& d) {
         std::string text = d.claims.dump();
         d.claims_text = text.substr(0, text.size() - 1) + R"(,"sub":"account-2"})";
       },
       "payload"},
      {"another issuer", "EdDSA", [](Draft& d) { d.claims["iss"] = "https://issuer.test/"; }, "another issuer"},
      {"no issuer", "EdDSA", [](Draft& d) { d.claims.erase("iss"); }, "another issuer"},
      {"issuer a list", "EdDSA", [](Draft& d) { d.claims["iss"] = {"https://issuer.test"}; }, "another issuer"},
      {"another audience", "EdDSA", [](Draft& d) { d.claims["aud"] = "labyrinth2"; }, "another audience"},
      {"no audience", "EdDSA", [](Draft& d) { d.claims.erase("aud"); }, "another audience"},
      {"audiences without us", "EdDSA",
       [](Draft& d) {
         d.claims["aud"] = {"a", "b"};
       },
       "another audience"},
      {"audience an object", "EdDSA",
       [](Draft& d) {
         d.claims["aud"] = {{"labyrinth", true}};
       },
       "another audience"},
      {"expired", "EdDSA", [](Draft& d) { d.claims["exp"] = kNowS - 30; }, "expired"},
      {"no exp", "EdDSA", [](Draft& d) { d.claims.erase("exp"); }, "no valid exp"},
      {"exp text", "EdDSA", [](Draft& d) { d.claims["exp"] = "9999999999"; }, "no valid exp"},
      {"exp negative", "EdDSA", [](Draft& d) { d.claims["exp"] = -1; }, "no valid exp"},
      {"exp beyond all years", "EdDSA", [](Draft& d) { d.claims["exp"] = 9.3e18; }, "no valid exp"},
      {"not yet valid", "EdDSA", [](Draft& d) { d.claims["nbf"] = kNowS + 31; }, "not yet valid"},
      {"nbf text", "EdDSA", [](Draft& d) { d.claims["nbf"] = "soon"; }, "no valid nbf"},
      {"auth_time of the future", "EdDSA", [](Draft& d) { d.claims["auth_time"] = kNowS + 31; }, "auth_time lies"},
      {"auth_time text", "EdDSA", [](Draft& d) { d.claims["auth_time"] = "now"; }, "no valid auth_time"},
      {"no sub", "EdDSA", [](Draft& d) { d.claims.erase("sub"); }, "no sub"},
      {"sub empty", "EdDSA", [](Draft& d) { d.claims["sub"] = ""; }, "no sub"},
      {"sub a number", "EdDSA", [](Draft& d) { d.claims["sub"] = 17; }, "no sub"},
      {"sub too long", "EdDSA", [](Draft& d) { d.claims["sub"] = std::string(257, 'x'); }, "sub is too long"},
      {"oversize", "EdDSA", [](Draft& d) { d.claims["pad"] = std::string(8000, 'x'); }, "too long"},
  };
  return *rows;
}

TEST_CASE("A token with one thing wrong is refused for that thing, and without it accepted") {
  const Verifying verify;
  for (const Refused& row : RefusedDrafts()) {
    INFO(row.name);
    Draft draft = GoodDraft(row.algorithm, kNowMs);
    CHECK(verify(draft.Token()).ok());  // control
    row.spoil(draft);
    const auto claims = verify(draft.Token());
    CHECK(ReasonOf(claims.status()) == Reason::kTokenInvalid);
    INFO(claims.status().ToString());
    CHECK(std::string(claims.status().message()).find(row.why) != std::string::npos);
  }
}

TEST_CASE("A token whose text was changed is refused, and unchanged accepted") {
  using Change = std::function<std::string(std::string)>;
  const std::pair<const char*, Change> rows[] = {
      {"a signature of zeros", [](std::string t) { return t.substr(0, t.rfind('.') + 1) + std::string(86, 'A'); }},
      {"no signature", [](std::string t) { return t.substr(0, t.rfind('.') + 1); }},
      {"no third part", [](std::string t) { return t.substr(0, t.rfind('.')); }},
      {"a fourth part", [](std::string t) { return t + ".AA"; }},
      {"padding", [](std::string t) { return t + "=="; }},
      {"a line end", [](std::string t) { return t + "\n"; }},
      {"standard base64", [](std::string t) { return t.replace(t.rfind('.') + 1, 1, "+"); }},
      {"a second spelling of the signature",
       [](std::string t) {
         // 64 bytes leave four unused bits in the last character: the next letter decodes to the same bytes elsewhere.
         t.back() = static_cast<char>(t.back() + 1);
         return t;
       }},
      {"a bit of the header", [](std::string t) { return t[5] = t[5] == 'A' ? 'B' : 'A', t; }},
      {"a bit of the payload", [](std::string t) { return t[t.find('.') + 9] ^= 1, t; }},
      {"another's signature",
       [](std::string t) {
         Draft other = GoodDraft("EdDSA", kNowMs);
         other.claims["sub"] = "account-2";
         const std::string theirs = other.Token();
         return t.substr(0, t.rfind('.')) + theirs.substr(theirs.rfind('.'));
       }},
      {"empty", [](std::string) { return ""; }},
      {"dots", [](std::string) { return ".."; }},
  };
  const Verifying verify;
  const std::string good = GoodDraft("EdDSA", kNowMs).Token();
  for (const auto& [name, change] : rows) {
    INFO(name);
    CHECK(verify(good).ok());  // control
    const std::string changed = change(good);
    REQUIRE(changed != good);
    CHECK(ReasonOf(verify(changed).status()) == Reason::kTokenInvalid);
  }
}

TEST_CASE("Signatures in another form of the same algorithm are refused") {
  const Verifying verify;
  for (const char* algorithm : {"ES256", "RS256", "EdDSA"}) {
    INFO(algorithm);
    const std::string token = GoodDraft(algorithm, kNowMs).Token();
    const std::size_t dot = token.rfind('.');
    std::string signature = *DecodeBase64Url(token.substr(dot + 1));
    CHECK(verify(token.substr(0, dot + 1) + EncodeBase64Url(signature)).ok());  // control
    CHECK_FALSE(verify(token.substr(0, dot + 1) + EncodeBase64Url(signature + '\0')).ok());
    CHECK_FALSE(verify(token.substr(0, dot + 1) + EncodeBase64Url('\0' + signature)).ok());
    signature.pop_back();
    CHECK_FALSE(verify(token.substr(0, dot + 1) + EncodeBase64Url(signature)).ok());
  }
}

TEST_CASE("No error text repeats the token or its claims") {
  const Verifying verify;
  for (const Refused& row : RefusedDrafts()) {
    Draft draft = GoodDraft(row.algorithm, kNowMs);
    row.spoil(draft);
    const std::string text = verify(draft.Token()).status().ToString();
    CHECK(text.find("account-") == std::string::npos);
    CHECK(text.find("issuer.test") == std::string::npos);
    CHECK(text.find(draft.Token().substr(0, 12)) == std::string::npos);
  }
}

TEST_CASE("A token stops being valid as the clock goes on") {
  Verifying verify;
  const std::string token = GoodDraft("EdDSA", kNowMs).Token();
  verify.clock.Set(kNowMs + 600'000 + kLeewayMs - 1);
  CHECK(verify(token).ok());
  verify.clock.Advance(1);
  CHECK_FALSE(verify(token).ok());
}

}  // namespace
}  // namespace labyrinth::service
