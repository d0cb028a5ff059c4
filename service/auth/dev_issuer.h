// The issuer of a development server: signs account tokens for anyone who asks.
#ifndef LABYRINTH_SERVICE_AUTH_DEV_ISSUER_H_
#define LABYRINTH_SERVICE_AUTH_DEV_ISSUER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/clock.h"
#include "common/random.h"
#include "crypto/primitives/secret.h"
#include "service/auth/jwks.h"
#include "service/auth/jwt.h"

namespace labyrinth::service {

// Never part of a production server: only --dev makes one, on loopback, for a store that stays a development store. Its
// Ed25519 key lives in one file, so that `labyrinthd token --dev` and a running server sign alike. Immutable,
// thread-safe.
class DevIssuer {
 public:
  static constexpr std::string_view kIssuer = "labyrinth-dev";
  static constexpr std::string_view kAudience = "labyrinth-dev";
  static constexpr int64_t kTokenTtlMs = int64_t{60} * 60 * 1000;

  // Reads `path`, or makes it (mode 0600) with a fresh key; two processes that race agree on one. FAILED_PRECONDITION
  // in one line naming the file if it can't be used, or if others may read it. `clock` outlives the issuer.
  static absl::StatusOr<DevIssuer> LoadOrCreate(const std::string& path, RandomSource& random, const Clock& clock);

  // A token for `account_id` with an auth_time of now. INVALID_FIELD unless the account id is valid UTF-8 of 1 to
  // limits::kAccountIdBytes: JSON can't carry other bytes.
  absl::StatusOr<std::string> IssueToken(std::string_view account_id) const;

  // What verifies its tokens.
  std::shared_ptr<const JwkSet> keys() const { return keys_; }
  static JwtPolicy policy() { return {.issuer = std::string(kIssuer), .audience = std::string(kAudience)}; }

 private:
  DevIssuer(crypto::Secret private_key, std::shared_ptr<const JwkSet> keys, const Clock& clock)
      : private_key_(std::move(private_key)), keys_(std::move(keys)), clock_(&clock) {}

  crypto::Secret private_key_;  // BoringSSL's 64-byte form
  std::shared_ptr<const JwkSet> keys_;
  const Clock* clock_;
};

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_AUTH_DEV_ISSUER_H_
