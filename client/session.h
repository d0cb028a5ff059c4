// Signing in: a device proves itself and gets a short-lived session (protocol section 9).
#ifndef LABYRINTH_CLIENT_SESSION_H_
#define LABYRINTH_CLIENT_SESSION_H_

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "client/connection.h"
#include "common/ids.h"
#include "crypto/primitives/secret.h"
#include "crypto/primitives/x25519.h"
#include "crypto/statements/device_keys.h"

namespace labyrinth::client {

// Who signs in. The names come from the client's own configuration, never from a reply.
struct SessionIdentity {
  std::string server_name;
  std::string account_id;
  MailboxId mailbox_id;
  DeviceId device_id;
  crypto::SubjectKind kind = crypto::SubjectKind::kPhysical;
  crypto::KeyPair device_key;
};

// One device's session: made when first needed, renewed a minute before it ends and once after the server refused it.
// After DEVICE_REVOKED every call has that answer without asking again: the user must be told, and nothing is wiped.
// Thread-compatible; borrows the connection.
class Session {
 public:
  Session(Connection& connection, SessionIdentity identity) : connection_(connection), identity_(std::move(identity)) {}

  // Issues a call with the session's header, with Caller's retries.
  absl::Status Call(absl::FunctionRef<grpc::Status(grpc::ClientContext&)> attempt);

  // Call's parts, for a stream that outlives one. Signs in if need be, and puts the session's header on `context`.
  absl::Status Authorize(grpc::ClientContext& context);
  // The generation of the server's store, as of the last sign-in; 0: none yet.
  uint64_t generation() const { return generation_; }
  // How such a stream ended: a session that was refused is left, and DEVICE_REVOKED is remembered.
  void NoteEnd(const absl::Status& status);

 private:
  absl::Status SignIn();
  absl::Status AnswerChallenge(bool renew_token);
  absl::Status EnsureSignedIn();
  bool Fresh() const;

  Connection& connection_;
  const SessionIdentity identity_;
  std::string header_;        // base64url of the session token; empty: not signed in
  int64_t expire_ms_ = 0;     // by the server's clock
  int64_t signed_in_ms_ = 0;  // by ours
  uint64_t generation_ = 0;
  bool revoked_ = false;
};

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_SESSION_H_
