// An epoch's commitment to the membership log (protocol section 8): opaque to the server, checked by members.
#ifndef LABYRINTH_CRYPTO_STATEMENTS_COMMITMENT_H_
#define LABYRINTH_CRYPTO_STATEMENTS_COMMITMENT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/primitives/hash.h"
#include "crypto/primitives/secret.h"
#include "crypto/statements/log_entry.h"
#include "crypto/statements/membership.h"

namespace labyrinth::crypto {

// 0x01 || log index u64 || head(32) || members_hash(32) || mac(all of that, kdf(epochRootKey, null, "labyrinth_log_" +
// b64(seq))): 105 bytes. `log_index` is the epoch's own open (or create) entry, `head` the head after it.
struct Commitment {
  uint64_t log_index = 0;
  LogHead head;
  Sha256Digest members_hash;

  friend bool operator==(const Commitment&, const Commitment&) = default;
};

inline constexpr uint32_t kCommitmentSizeBytes = 105;

// SHA-256 over deviceKeyPub || epochStorageKeyPub of every active member, by ascending deviceKeyPub.
Sha256Digest MembersHash(const MembershipState& state);

// `state` has the epoch's open (or create) entry as its last; it isn't empty.
std::string BuildCommitment(const MembershipState& state, const Secret& epoch_root_key, uint64_t epoch_sequence);

// Parses and checks the MAC. DATA_DAMAGED for another length, version or MAC.
absl::StatusOr<Commitment> OpenCommitment(std::string_view bytes, const Secret& epoch_root_key,
                                          uint64_t epoch_sequence);

// Compares with the fold of the log up to and including commitment.log_index. DATA_DAMAGED naming what differs: a fork
// (head), other members, another epoch, or a state that ends elsewhere.
absl::Status CheckCommitment(const Commitment& commitment, const MembershipState& state, uint64_t epoch_sequence);

}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_STATEMENTS_COMMITMENT_H_
