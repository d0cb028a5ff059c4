// Rotation: the one way to a new epoch.
#ifndef LABYRINTH_SERVICE_MAILBOX_OPEN_EPOCH_H_
#define LABYRINTH_SERVICE_MAILBOX_OPEN_EPOCH_H_

#include <cstdint>
#include <string>
#include <vector>

#include "common/ids.h"
#include "common/random.h"
#include "crypto/statements/log_entry.h"
#include "service/mailbox/operation.h"
#include "service/mailbox/rules.h"

namespace labyrinth::mailbox {

struct EpochMember {
  DeviceId device_id;
  crypto::MacTag epoch_device_mac;
  std::string encrypted_entropy;  // not empty
};

struct OpenEpochRequest {
  Caller caller;
  RequestKey request;
  EpochId expected_epoch_id;
  uint32_t sequence_id = 0;
  std::string enc_prev_sequence;
  std::string enc_prev_root;
  std::vector<DeviceId> revoke_device_ids;
  std::vector<EpochMember> members;
  std::string commitment;
  crypto::MacTag opener_previous_mac;
  std::vector<crypto::SignedLogEntry> log_entries;  // the removes, then the open
};

struct OpenEpochResponse {
  EpochId epoch_id;
  uint64_t revision = 0;
};

// Commits only if the caller is an active member, the expected epoch is current, the sequence is the next, and the
// members are exactly the active devices minus the revoked ones; the revoked lose everything in the same commit. The
// log entries remove the revoked and whoever was cut off without an entry, and then open. EPOCH_STALE,
// MEMBERS_MISMATCH, LOG_STALE, INVALID_FIELD, DEVICE_REVOKED, MAILBOX_NOT_FOUND, REQUEST_ID_REUSED.
class OpenEpochOperation final : public OperationWithResult<OpenEpochResponse> {
 public:
  OpenEpochOperation(const Policy& policy, OpenEpochRequest request, RandomSource& random, Done done);
  void Need(const BatchState& state, std::vector<std::string>& keys) const override;
  absl::Status Decide(Transaction& txn) override;
  bool urgent() const override { return true; }

 private:
  absl::Status CheckMembers(const storage_v1::Roster& roster) const;
  absl::Status CheckOpenerMac(const Transaction& txn) const;
  // Appends the log entries and compares them with the request and `roster`.
  absl::Status AppendLog(Transaction& txn, const storage_v1::Roster& roster) const;
  absl::StatusOr<crypto::Sha256Digest> BodyHash(const Transaction& txn) const;
  void WriteEpoch(Transaction& txn) const;

  const Policy& policy_;
  const OpenEpochRequest request_;
  const EpochId epoch_id_;
};

}  // namespace labyrinth::mailbox

#endif  // LABYRINTH_SERVICE_MAILBOX_OPEN_EPOCH_H_
