// What a call's metadata says of who makes it.
#ifndef LABYRINTH_SERVICE_HANDLERS_CREDENTIALS_H_
#define LABYRINTH_SERVICE_HANDLERS_CREDENTIALS_H_

#include <grpcpp/grpcpp.h>

#include <string_view>

#include "absl/status/statusor.h"
#include "service/auth/jwt.h"
#include "service/auth/session.h"

namespace labyrinth::service {

// Thread-compatible; all three outlive it.
class Credentials {
 public:
  Credentials(const JwtVerifier& accounts, const Sessions& sessions, const grpc::CallbackServerContext& rpc)
      : accounts_(accounts), sessions_(sessions), rpc_(rpc) {}

  // The account token's claims: TOKEN_INVALID.
  absl::StatusOr<AccountClaims> Account() const;
  bool HasSession() const;
  // Physical devices' alone, unless `virtual_as_well`: TOKEN_INVALID.
  absl::StatusOr<SessionClaims> Session(bool virtual_as_well = false) const;

 private:
  // The header's value, if it came exactly once: of two, a proxy may have checked the other.
  std::string_view Metadata(const char* key) const;

  const JwtVerifier& accounts_;
  const Sessions& sessions_;
  const grpc::CallbackServerContext& rpc_;
};

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_HANDLERS_CREDENTIALS_H_
