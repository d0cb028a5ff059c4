// Account tokens: who the caller's account is, in the word of the product's own issuer (JSON Web Tokens, RFC 7519).
#ifndef LABYRINTH_SERVICE_AUTH_JWT_H_
#define LABYRINTH_SERVICE_AUTH_JWT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/clock.h"
#include "crypto/primitives/hash.h"
#include "service/auth/jwks.h"

namespace labyrinth::service {

// What a verified token says.
struct AccountClaims {
  std::string account_id;               // `sub`: 1 to limits::kAccountIdBytes, opaque
  std::optional<int64_t> auth_time_ms;  // when the person last signed in, if the issuer says so
  int64_t expire_ms = 0;                // `exp`, without leeway
  crypto::Sha256Digest token_sha256;    // of the token's text: session statements are bound to it
};

struct JwtPolicy {
  std::string issuer;     // `iss`, exactly
  std::string audience;   // one of `aud`, exactly
  int64_t leeway_ms = 0;  // by how much the issuer's clock may differ from ours
};

// Accepts a compact JWS of EdDSA (Ed25519), ES256 or RS256 with `kid`, `iss`, `aud`, `exp` and `sub`. Refuses
// everything else: other algorithms ("none" and HMACs have no key type here), an algorithm that isn't the named key's,
// critical header extensions, tokens typed as something else, repeated members, second spellings of base64url,
// oversize. No claim is looked at before the signature holds. Immutable but for its key source; thread-safe.
class JwtVerifier {
 public:
  // `keys` and `clock` outlive the verifier.
  JwtVerifier(JwtPolicy policy, KeySource& keys, const Clock& clock)
      : policy_(std::move(policy)), keys_(keys), clock_(clock) {}

  // TOKEN_INVALID naming the failed check ("account token: expired"), never the token or what it claims.
  absl::StatusOr<AccountClaims> Verify(std::string_view token) const;

 private:
  absl::Status CheckSignature(std::string_view header, std::string_view signing_input,
                              std::string_view signature) const;
  absl::StatusOr<AccountClaims> ReadClaims(std::string_view payload) const;

  const JwtPolicy policy_;
  KeySource& keys_;
  const Clock& clock_;
};

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_AUTH_JWT_H_
