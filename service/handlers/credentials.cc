#include "service/handlers/credentials.h"

#include <iterator>

#include "common/errors.h"
#include "service/auth/base64url.h"

namespace labyrinth::service {

namespace {

constexpr std::string_view kBearer = "Bearer ";

}  // namespace

std::string_view Credentials::Metadata(const char* key) const {
  const auto [first, last] = rpc_.client_metadata().equal_range(key);
  if (std::distance(first, last) != 1) return {};
  return {first->second.data(), first->second.size()};
}

absl::StatusOr<AccountClaims> Credentials::Account() const {
  std::string_view token = Metadata("authorization");
  if (token.empty()) return errors::TokenInvalid("account token: missing, or there are several");
  if (!token.starts_with(kBearer)) return errors::TokenInvalid("account token: not a bearer token");
  token.remove_prefix(kBearer.size());
  return accounts_.Verify(token);
}

bool Credentials::HasSession() const { return rpc_.client_metadata().count("x-labyrinth-session") != 0; }

absl::StatusOr<SessionClaims> Credentials::Session(bool virtual_as_well) const {
  const std::string_view text = Metadata("x-labyrinth-session");
  if (text.empty()) return errors::TokenInvalid("session: missing, or there are several");
  const auto token = DecodeBase64Url(text);
  if (!token.has_value()) return errors::TokenInvalid("session: malformed");
  absl::StatusOr<SessionClaims> claims = sessions_.Verify(*token);
  if (!claims.ok()) return claims.status();
  if (claims->kind != crypto::SubjectKind::kPhysical && !virtual_as_well) {
    return errors::TokenInvalid("session: a recovery code's device may not make this call");
  }
  return claims;
}

}  // namespace labyrinth::service
