// Where the account token comes from: the product's identity service issues it, the library only carries it.
#ifndef LABYRINTH_CLIENT_TOKEN_SOURCE_H_
#define LABYRINTH_CLIENT_TOKEN_SOURCE_H_

#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "crypto/primitives/secret.h"

namespace grpc {
class Channel;
}

namespace labyrinth::client {

// Gives a token that says who the account is (a JWT of at most limits::kAccountTokenBytes). Called before every sign-in
// and once more after the server refused a token, so an implementation may cache until `renew`. Thread-compatible.
class AccountTokenSource {
 public:
  virtual ~AccountTokenSource() = default;
  virtual absl::StatusOr<crypto::Secret> Token(bool renew) = 0;
};

// Reads the file anew each time, without trailing white space. UNAVAILABLE isn't among its errors: a missing or
// oversized file is FAILED_PRECONDITION and isn't retried.
std::unique_ptr<AccountTokenSource> TokenFromFile(std::string path);

std::unique_ptr<AccountTokenSource> TokenFromCallback(
    absl::AnyInvocable<absl::StatusOr<crypto::Secret>(bool renew)> get);

// Asks a server started with --dev for a token of any account. Such a server listens on loopback only.
std::unique_ptr<AccountTokenSource> TokenFromDevIssuer(std::shared_ptr<grpc::Channel> channel, std::string account_id);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_TOKEN_SOURCE_H_
