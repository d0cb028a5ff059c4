// The members of a mailbox as its log tells them (protocol section 8).
#ifndef LABYRINTH_CRYPTO_STATEMENTS_MEMBERSHIP_H_
#define LABYRINTH_CRYPTO_STATEMENTS_MEMBERSHIP_H_

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/statements/log_chain.h"
#include "crypto/statements/log_entry.h"

namespace labyrinth::crypto {

// A device that the log added, named by its device key. Removed ones stay: a key never comes back.
struct LogMember {
  SubjectKind kind = SubjectKind::kPhysical;
  PublicKey device_key;
  PublicKey epoch_storage_key;
  PublicKey epoch_storage_auth_key;  // zeros for a virtual device
  PublicKey sponsor;                 // who signed its add; its own key for the first device
  uint64_t added_index = 0;
  int64_t added_ms = 0;
  std::optional<uint64_t> removed_index;

  bool active() const { return !removed_index.has_value(); }
  friend bool operator==(const LogMember&, const LogMember&) = default;
};

// The fold of a log: position, current epoch sequence and members. Applied entries obey these rules, each refused with
// its own INVALID_FIELD (LOG_STALE for position):
//  - create is the first entry and only that; nothing follows close;
//  - the actor is an active member, physical, except that a virtual one may sponsor an add of a device (kind 2);
//  - an added device's key was never in the log; a removed one is active and named with its own kind and keys;
//  - the epoch sequence is 0 at create, one more at each open, the current one elsewhere: so the removes that travel
//  with
//    an open stand before it and carry the old sequence;
//  - names, index and previous head continue the log, and the actor's signature verifies.
// What an entry says about the call that carries it (body_hash, keys against the request) is the caller's to compare. A
// device may remove itself; it can't open an epoch afterwards.
//
// Used by the client over the whole log, and by the server from a Snapshot of its records. A device that an operator
// cut off without a signed remove is still active here: that is server state. Value type, thread-compatible. A call
// that fails changes nothing.
class MembershipState {
 public:
  // What a server knows without replaying the log.
  struct Snapshot {
    LogPosition position;
    uint32_t epoch_sequence = 0;
    bool closed = false;
    std::vector<LogMember> members;  // removed ones too
  };

  // An empty log.
  explicit MembershipState(LogNames names) : names_(std::move(names)) {}
  // A snapshot from a trusted store. Of two members with one device key the last stands.
  MembershipState(LogNames names, Snapshot snapshot);

  // Every rule above but the signature.
  absl::Status Check(const LogEntry& entry) const;

  // Decodes, checks every rule and the signature, and folds the entry in. Returns it decoded. Errors also those of
  // DecodeLogEntry and VerifyLogSignature.
  absl::StatusOr<LogEntry> Apply(const SignedLogEntry& signed_entry);

  const LogNames& names() const { return names_; }
  const LogPosition& position() const { return position_; }
  uint32_t epoch_sequence() const { return epoch_sequence_; }
  bool closed() const { return closed_; }

  // nullptr if the log never named it. Valid until the next Apply.
  const LogMember* Find(const PublicKey& device_key) const;
  // By ascending device key.
  std::vector<LogMember> ActiveMembers() const;

  // The devices from `device_key`'s sponsor up to the first device, whose sponsor is itself; empty for the first one.
  // NOT_FOUND if the log never named it, or a link of a snapshot is missing: then the chain is broken.
  absl::StatusOr<std::vector<PublicKey>> SponsorChain(const PublicKey& device_key) const;

  // An active member whose sponsor chain passes through a device.
  struct Descendant {
    PublicKey device_key;
    bool direct;  // that device signed its add itself
  };
  // The opener's policy: whom to show (and drop by default, where direct) when `device_key` is revoked. `opener` and
  // what it sponsored are left out. By ascending device key.
  std::vector<Descendant> DescendantsOf(const PublicKey& device_key, const PublicKey& opener) const;

 private:
  absl::Status CheckActor(const LogEntry& entry) const;
  absl::Status CheckSubject(const LogEntry& entry) const;
  absl::Status CheckSequence(const LogEntry& entry) const;
  void Fold(const LogEntry& entry);

  LogNames names_;
  LogPosition position_;
  uint32_t epoch_sequence_ = 0;
  bool closed_ = false;
  std::map<PublicKey, LogMember> members_;
};

}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_STATEMENTS_MEMBERSHIP_H_
