// Membership changes: who is in, under the log's rules and the server's own (protocol section 8).
#ifndef LABYRINTH_SERVICE_MAILBOX_MEMBERSHIP_H_
#define LABYRINTH_SERVICE_MAILBOX_MEMBERSHIP_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "crypto/statements/log_entry.h"
#include "crypto/statements/membership.h"
#include "service/mailbox/batch_state.h"
#include "service/mailbox/rules.h"

namespace labyrinth::mailbox {

// The keys that a LogAppender needs to judge `entries`: the roster, and the devices that they name (found by their keys
// in a first round, read in a second).
void NeedForLog(const BatchState& state, const std::vector<crypto::SignedLogEntry>& entries,
                std::vector<std::string>& keys);

// Appends signed entries to a mailbox's log inside one transaction, each under all rules of crypto::MembershipState.
// The fold is rebuilt from the records of just those devices that the entries name. Thread-compatible.
class LogAppender {
 public:
  // `partition` is the mailbox's; an entry of another account is refused. The mailbox may not exist yet (kind 1).
  static absl::StatusOr<LogAppender> Open(Transaction& txn, const Policy& policy, std::string_view partition,
                                          const std::vector<crypto::SignedLogEntry>& entries);

  // Checks and appends. Returns the decoded entry; its keys and body_hash are for the caller to compare. LOG_STALE,
  // INVALID_FIELD, or DEVICE_REVOKED for an actor that was cut off without an entry and for a subject that was removed
  // before the store was restored.
  absl::StatusOr<crypto::LogEntry> Append(const crypto::SignedLogEntry& entry);

  // The device that the log knows by this key; invalid if the transaction doesn't know it.
  DeviceId DeviceOf(const crypto::PublicKey& device_key) const;

 private:
  LogAppender(Transaction& txn, crypto::MembershipState state) : txn_(txn), state_(std::move(state)) {}

  Transaction& txn_;
  crypto::MembershipState state_;
  absl::flat_hash_map<crypto::PublicKey, DeviceId> devices_;
  std::vector<crypto::PublicKey> cut_off_;  // by the server, though the log still has them
  std::vector<crypto::PublicKey> barred_;   // removed in what a restore has lost (restore_mailbox.h)
};

// The kind, subject and body that a call's entry must have, else INVALID_FIELD.
absl::Status CheckEntry(const crypto::LogEntry& entry, crypto::LogEntryKind kind,
                        const crypto::Sha256Digest& body_hash);
absl::Status CheckSubject(const crypto::LogEntry& entry, const crypto::DevicePublicKeys& keys);

// Adds a device to every table and the roster; `sponsor` (itself, if it is the first) stands in the feed.
// LIMIT_EXCEEDED (devices).
absl::Status AddDevice(Transaction& txn, DeviceId id, const storage_v1::DeviceRecord& device,
                       std::string_view orf_server_scalar, DeviceId sponsor);

// Removes it: the record stays without power; ORF scalar and sealed secrets go. `signed_in_log`: an entry says so;
// otherwise the next epoch's opener has to sign it. `by`: whose call it is; invalid: no device's. DEVICE_NOT_FOUND
// unless active.
absl::Status RevokeDevice(Transaction& txn, DeviceId id, bool signed_in_log, DeviceId by);

}  // namespace labyrinth::mailbox

#endif  // LABYRINTH_SERVICE_MAILBOX_MEMBERSHIP_H_
