// Account tokens and key sets for tests, signed with fixed keys. testonly.
#ifndef LABYRINTH_SERVICE_AUTH_JWT_TESTING_H_
#define LABYRINTH_SERVICE_AUTH_JWT_TESTING_H_

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace labyrinth::service::testing {

// Public keys with the kids "ed", "ec" and "rsa".
nlohmann::json Ed25519Jwk();
nlohmann::json P256Jwk();
nlohmann::json RsaJwk();
// The member "n" of a 1024-bit key.
std::string WeakRsaModulus();

// The signature by the private half; HS256 uses the Ed25519 key's public text, "none" gives nothing.
std::string SignJws(std::string_view algorithm, std::string_view signing_input);

// A token before it is signed: good as it comes from GoodDraft, to be spoilt in one place by a test.
struct Draft {
  nlohmann::json header, claims;
  std::string header_text, claims_text;  // instead of the above, if not empty
  std::string sign_with;
  std::string Token() const;
};

// Issuer "https://issuer.test", audience "labyrinth", account "account-1", valid for ten minutes.
Draft GoodDraft(std::string_view algorithm, int64_t now_ms);

}  // namespace labyrinth::service::testing

#endif  // LABYRINTH_SERVICE_AUTH_JWT_TESTING_H_
