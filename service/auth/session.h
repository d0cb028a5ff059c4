// Session tokens: what a device shows after it has signed in (protocol section 9).
#ifndef LABYRINTH_SERVICE_AUTH_SESSION_H_
#define LABYRINTH_SERVICE_AUTH_SESSION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/clock.h"
#include "common/ids.h"
#include "crypto/statements/device_keys.h"
#include "service/auth/jwt.h"
#include "service/auth/server_keys.h"

namespace labyrinth::service {

// What a session says: who the caller was when it signed in. Whether the device still is a member is read with every
// call.
struct SessionClaims {
  // The mailbox's partition, which is a MAC of the account id: so it stands for the account as well. A plain hash
  // would let whoever sees a token guess the account.
  std::string partition;
  uint64_t incarnation = 0;  // of the partition: a deleted and re-created mailbox is another
  DeviceId device_id;
  crypto::SubjectKind kind = crypto::SubjectKind::kPhysical;
  std::optional<int64_t> auth_time_ms;  // the account token's
  int64_t expire_ms = 0;
};

// token = version u8 || key id u32 || partition(32) || u64 incarnation || u64 device_id || kind u8 || i64 auth_time_ms
//         (0: unknown) || u64 generation || i64 expire_ms || mac(all before)
// A bearer token that any node with the same keys can check. Immutable, thread-safe.
class Sessions {
 public:
  // Both outlive the object.
  Sessions(const ServerKeys& keys, const Clock& clock) : keys_(keys), clock_(clock) {}

  // Fills `claims.expire_ms` in: limits::kSessionTtlMs from now, and never beyond the account token.
  std::string Issue(SessionClaims& claims, const AccountClaims& account) const;

  // TOKEN_INVALID ("session: expired") unless it is ours, and not expired; nor one that has more than twice
  // limits::kSessionTtlMs left: the clock was set back since, and would keep it alive. STORE_RESTORED (`of` =
  // "session") if it is from before a restore.
  absl::StatusOr<SessionClaims> Verify(std::string_view token) const;

 private:
  const ServerKeys& keys_;
  const Clock& clock_;
};

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_AUTH_SESSION_H_
