// Challenges that a signing device answers (protocol section 9).
#ifndef LABYRINTH_SERVICE_AUTH_CHALLENGE_H_
#define LABYRINTH_SERVICE_AUTH_CHALLENGE_H_

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "common/clock.h"
#include "common/ids.h"
#include "common/random.h"
#include "crypto/primitives/hash.h"
#include "service/auth/server_keys.h"

namespace labyrinth::service {

struct Challenge {
  std::string bytes;
  int64_t expire_ms = 0;
};

// challenge = version u8 || key id u32 || random(16) || u64 expires_ms
//             || mac(all before || lv(account) || u64 device_id || lv(server_name))
// Nothing is stored when a challenge is made, so making them costs no memory, and any node that shares the keys can
// check one. A node remembers those that were answered until they expire, so that it accepts each once;
// limits::kUsedChallenges bounds that memory. Thread-safe.
class Challenges {
 public:
  // All outlive the object.
  Challenges(const ServerMacKey& key, std::string server_name, const Clock& clock, RandomSource& random)
      : key_(key), server_name_(std::move(server_name)), clock_(clock), random_(random) {}

  Challenge Issue(std::string_view account_id, DeviceId device_id) const;

  // PROOF_INVALID unless it is ours, for this account and device, and neither expired nor used here.
  absl::Status Check(std::string_view challenge, std::string_view account_id, DeviceId device_id) const
      ABSL_LOCKS_EXCLUDED(mutex_);

  // After Check and a good signature: uses the challenge up. PROOF_INVALID if another call was first; RATE_LIMITED
  // while the memory is full, for forgetting one would mean accepting it again.
  absl::Status Use(std::string_view challenge) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  crypto::MacTag Tag(std::string_view body, std::string_view account_id, DeviceId device_id) const;

  const ServerMacKey& key_;
  const std::string server_name_;
  const Clock& clock_;
  RandomSource& random_;

  struct Used {
    int64_t expire_ms;
    std::string nonce;
    friend auto operator<=>(const Used&, const Used&) = default;
  };
  mutable absl::Mutex mutex_;
  std::set<Used> used_ ABSL_GUARDED_BY(mutex_);
  // What expired up to here has been forgotten, and so stays expired if the clock steps back.
  int64_t forgotten_through_ms_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_AUTH_CHALLENGE_H_
