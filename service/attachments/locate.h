// From a caller's points to the anonymous index (protocol section 7, steps 1 and 2).
#ifndef LABYRINTH_SERVICE_ATTACHMENTS_LOCATE_H_
#define LABYRINTH_SERVICE_ATTACHMENTS_LOCATE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "crypto/primitives/hash.h"
#include "crypto/primitives/ristretto.h"
#include "service/mailbox/caller.h"
#include "storage/attachment_schema.h"
#include "storage/engine.h"

namespace labyrinth::attachments {

// What a caller says of an attachment.
struct Claim {
  crypto::Point point;      // P_ref
  crypto::Point mac_point;  // P_own
  std::string thread_id;
  std::string message_id;
};

// Where that leads, whether or not there is such an attachment.
struct Located {
  storage::AttachmentIndex index;
  crypto::MacTag tag;
  // The message is there, in that thread, and has neither been deleted nor expired.
  bool message_alive = false;
  int64_t message_expire_ms = 0;  // 0: never. Known only if alive.
};

template <typename Result>
using Reply = absl::AnyInvocable<void(absl::StatusOr<Result>) &&>;

// Reads the caller's membership, its scalar s and the claimed message in one moment, then computes
//   idx = server_map(s, "labyrinth_att_index", P_ref)
//   tag = mac(lv(thread) || lv(message), key = server_map(s, "labyrinth_att_mac", P_own))
// The scalar is deleted by revocation, so whoever isn't a member at that moment gets no index. Missing messages cost
// the same work as others. Errors of mailbox::MemberRead.
void Locate(storage::Engine& engine, const Clock& clock, const mailbox::Caller& caller, Claim claim,
            absl::Time deadline, Reply<Located> done);

// The same for several claims, without looking for expiry: a message counts as alive until its row is gone.
void LocateAll(storage::Engine& engine, const mailbox::Caller& caller, std::vector<Claim> claims, absl::Time deadline,
               Reply<std::vector<Located>> done);

}  // namespace labyrinth::attachments

#endif  // LABYRINTH_SERVICE_ATTACHMENTS_LOCATE_H_
