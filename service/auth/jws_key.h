// Public keys that verify JSON Web Signatures (RFC 7515, RFC 7518, RFC 8037), on BoringSSL.
#ifndef LABYRINTH_SERVICE_AUTH_JWS_KEY_H_
#define LABYRINTH_SERVICE_AUTH_JWS_KEY_H_

#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"

namespace labyrinth::service {

enum class JwsAlgorithm { kEdDsa, kEs256, kRs256 };

// "EdDSA", "ES256" or "RS256", exactly; nullopt for anything else, "none" and HMACs included.
std::optional<JwsAlgorithm> ParseJwsAlgorithm(std::string_view name);

// A key is of one algorithm for good: what a token's header says is compared with it and never chooses. Immutable,
// thread-safe.
class JwsKey {
 public:
  virtual ~JwsKey() = default;
  virtual JwsAlgorithm algorithm() const = 0;
  virtual bool Verify(std::string_view signing_input, std::string_view signature) const = 0;

  // 32 bytes. INVALID_ARGUMENT otherwise.
  static absl::StatusOr<std::shared_ptr<const JwsKey>> Ed25519(std::string_view public_key);
  // 32-byte coordinates of a point on P-256. INVALID_ARGUMENT otherwise.
  static absl::StatusOr<std::shared_ptr<const JwsKey>> P256(std::string_view x, std::string_view y);
  // Big-endian; a modulus of 2,048 to 8,192 bits and an odd exponent of 3 to 2^32. INVALID_ARGUMENT otherwise.
  static absl::StatusOr<std::shared_ptr<const JwsKey>> Rsa(std::string_view modulus, std::string_view exponent);
};

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_AUTH_JWS_KEY_H_
