// Signing the next entries of the membership log (protocol section 8).
#ifndef LABYRINTH_CLIENT_LOG_SIGNER_H_
#define LABYRINTH_CLIENT_LOG_SIGNER_H_

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "common/clock.h"
#include "common/random.h"
#include "crypto/primitives/hash.h"
#include "crypto/primitives/x25519.h"
#include "crypto/statements/device_keys.h"
#include "crypto/statements/membership.h"

namespace labyrinth::client {

// Continues a copy of a verified log with entries of one actor. Each signed entry is folded in under the log's own
// rules, so that nothing is sent that another member would refuse. Borrows the actor's keys and the seams.
// Thread-compatible.
class LogSigner {
 public:
  LogSigner(crypto::MembershipState log, const crypto::KeyPair& actor, Clock& clock, RandomSource& random)
      : log_(std::move(log)), actor_(actor), clock_(clock), random_(random) {}

  struct Body {
    std::optional<crypto::DevicePublicKeys> subject;
    uint32_t epoch_sequence = 0;
    crypto::Sha256Digest hash;  // zeros where the kind has no body
  };
  absl::StatusOr<crypto::SignedLogEntry> Sign(crypto::LogEntryKind kind, const Body& body);

  // The log with everything signed so far.
  const crypto::MembershipState& log() const { return log_; }

 private:
  crypto::MembershipState log_;
  const crypto::KeyPair& actor_;
  Clock& clock_;
  RandomSource& random_;
};

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_LOG_SIGNER_H_
