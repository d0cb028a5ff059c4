// The membership log as this device has checked it (protocol section 8).
#ifndef LABYRINTH_CLIENT_VERIFIED_LOG_H_
#define LABYRINTH_CLIENT_VERIFIED_LOG_H_

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "client/api.h"
#include "crypto/statements/commitment.h"
#include "crypto/statements/membership.h"

namespace labyrinth::client {

// A fold of the log from its first entry, every signature and rule checked, that also remembers what each epoch's
// commitment has to say. Value type; thread-compatible.
class VerifiedLog {
 public:
  // What the log says about the opening of one epoch.
  struct Opening {
    crypto::Commitment commitment;  // what the opener must have committed to, at its own log index
    crypto::PublicKey opener;
    int64_t time_ms = 0;  // by the opener's clock
  };

  explicit VerifiedLog(crypto::LogNames names) : state_(std::move(names)) {}

  // DATA_LOSS naming the entry's index and the rule that it breaks.
  absl::Status Append(const crypto::SignedLogEntry& entry);

  const crypto::MembershipState& state() const { return state_; }
  const crypto::LogPosition& position() const { return state_.position(); }
  bool empty() const { return position().length == 0; }

  // Of every device that the log ever added, removed ones too.
  const std::vector<crypto::PublicKey>& device_keys() const { return device_keys_; }

  // nullptr if the log doesn't know the epoch.
  const Opening* FindOpening(uint64_t sequence_id) const;

 private:
  crypto::MembershipState state_;
  std::vector<Opening> openings_;  // by sequence id
  std::vector<crypto::PublicKey> device_keys_;
};

// A log is one entry an epoch and a few a device; past this a server is playing for time.
inline constexpr uint64_t kMaxLogEntries = 1'000'000;

// Fetches what follows `log`'s last entry and checks it. `kept` are the positions that this device knows of, the
// highest that it ever saw above all (length 0: none); the result contains them. On an error `log` is unchanged.
// DATA_LOSS, named:
//  - "forked": an entry doesn't continue the log, or the head at a kept position is another;
//  - "shorter": the server's log ends before a kept position, or before what it showed this process earlier;
//  - "withheld": the server names a head that its entries don't reach;
//  - an entry that breaks a rule.
absl::Status SyncLog(Api& api, std::span<const crypto::LogPosition> kept, VerifiedLog& log);
inline absl::Status SyncLog(Api& api, const crypto::LogPosition& kept, VerifiedLog& log) {
  return SyncLog(api, std::span(&kept, 1), log);
}

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_VERIFIED_LOG_H_
