#include "service/auth/jwt.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "common/errors.h"
#include "common/limits.h"
#include "service/auth/base64url.h"
#include "service/auth/strict_json.h"

namespace labyrinth::service {
namespace {

absl::Status Refuse(std::string_view why) { return errors::TokenInvalid(fmt::format("account token: {}", why)); }

// Other tokens of the same issuer (logout, proof of possession, security events) must not pass for this one: RFC 8725
// section 3.11.
bool IsTokenType(const nlohmann::json& header) {
  if (!header.contains("typ")) return true;
  const std::string type = StringMember(header, "typ").value_or("");
  return absl::EqualsIgnoreCase(type, "JWT") || absl::EqualsIgnoreCase(type, "at+jwt") ||
         absl::EqualsIgnoreCase(type, "application/at+jwt");
}

bool NamesAudience(const nlohmann::json& claims, const std::string& audience) {
  const auto it = claims.find("aud");
  if (it == claims.end()) return false;
  if (it->is_string()) return *it == audience;
  return it->is_array() && std::find(it->begin(), it->end(), audience) != it->end();
}

}  // namespace

absl::StatusOr<AccountClaims> JwtVerifier::Verify(std::string_view token) const {
  if (token.size() > limits::kAccountTokenBytes) return Refuse("too long");
  const std::size_t first = token.find('.');
  const std::size_t last = token.rfind('.');
  if (first == last || std::count(token.begin(), token.end(), '.') != 2) return Refuse("not three parts");
  const auto header = DecodeBase64Url(token.substr(0, first));
  const auto payload = DecodeBase64Url(token.substr(first + 1, last - first - 1));
  const auto signature = DecodeBase64Url(token.substr(last + 1));
  if (!header.has_value() || !payload.has_value() || !signature.has_value()) return Refuse("not base64url");
  if (const absl::Status status = CheckSignature(*header, token.substr(0, last), *signature); !status.ok()) {
    return status;
  }
  auto claims = ReadClaims(*payload);
  if (claims.ok()) claims->token_sha256 = crypto::Sha256(token);
  return claims;
}

absl::Status JwtVerifier::CheckSignature(std::string_view header_text, std::string_view signing_input,
                                         std::string_view signature) const {
  const auto header = ParseStrictObject(header_text);
  if (!header.has_value()) return Refuse("its header is not a JSON object");
  // We understand no extension, so any that is critical is unknown (RFC 7515 section 4.1.11); b64 changes what is
  // signed.
  if (header->contains("crit") || header->contains("b64")) return Refuse("a critical extension");
  if (!IsTokenType(*header)) return Refuse("another type of token");
  const auto algorithm = ParseJwsAlgorithm(StringMember(*header, "alg").value_or(""));
  if (!algorithm.has_value()) return Refuse("an algorithm other than EdDSA, ES256 and RS256");
  const auto kid = StringMember(*header, "kid");
  if (!kid.has_value()) return Refuse("no kid");
  const std::shared_ptr<const JwkSet> keys = keys_.Current();  // keeps the key alive
  const JwsKey* key = keys->Find(*kid);
  if (key == nullptr) return Refuse("signed by an unknown key");
  if (key->algorithm() != *algorithm) return Refuse("its algorithm is not the key's");
  if (!key->Verify(signing_input, signature)) return Refuse("its signature does not verify");
  return absl::OkStatus();
}

absl::StatusOr<AccountClaims> JwtVerifier::ReadClaims(std::string_view payload) const {
  const auto claims = ParseStrictObject(payload);
  if (!claims.has_value()) return Refuse("its payload is not a JSON object");
  if (StringMember(*claims, "iss") != policy_.issuer) return Refuse("another issuer");
  if (!NamesAudience(*claims, policy_.audience)) return Refuse("another audience");

  const int64_t now_ms = clock_.NowMs();
  AccountClaims out;
  const auto expire_ms = TimeMember(*claims, "exp");
  if (!expire_ms.has_value()) return Refuse("no valid exp");
  if (now_ms >= *expire_ms + policy_.leeway_ms) return Refuse("expired");
  out.expire_ms = *expire_ms;
  if (claims->contains("nbf")) {
    const auto not_before_ms = TimeMember(*claims, "nbf");
    if (!not_before_ms.has_value()) return Refuse("no valid nbf");
    if (now_ms + policy_.leeway_ms < *not_before_ms) return Refuse("not yet valid");
  }
  if (claims->contains("auth_time")) {
    out.auth_time_ms = TimeMember(*claims, "auth_time");
    if (!out.auth_time_ms.has_value()) return Refuse("no valid auth_time");
    // A sign-in of the future would stay fresh until then, and so defeat the calls that ask for a fresh one.
    if (*out.auth_time_ms > now_ms + policy_.leeway_ms) return Refuse("its auth_time lies in the future");
  }
  auto account_id = StringMember(*claims, "sub");
  if (!account_id.has_value() || account_id->empty()) return Refuse("no sub");
  if (account_id->size() > limits::kAccountIdBytes) return Refuse("its sub is too long");
  out.account_id = *std::move(account_id);
  return out;
}

}  // namespace labyrinth::service
