// What several operations ask before they act.
#ifndef LABYRINTH_SERVICE_MAILBOX_RULES_H_
#define LABYRINTH_SERVICE_MAILBOX_RULES_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/ids.h"
#include "crypto/primitives/hash.h"
#include "crypto/statements/device_keys.h"
#include "service/mailbox/batch_state.h"
#include "service/mailbox/caller.h"

namespace labyrinth::mailbox {

// What the rules know of the deployment.
struct Policy {
  std::string server_name;  // in every statement and log entry
  // Where an account's mailbox lives: a MAC of the account id.
  std::function<std::string(std::string_view account_id)> partition_of;
  uint64_t quota_bytes = 0;
  uint64_t quota_messages = 0;
};

// Identifies a creating call: the client's id, and a hash over the method and the whole request.
struct RequestKey {
  RequestId id;
  crypto::Sha256Digest hash;
};

// The first answer to this very request, if it was carried out before. REQUEST_ID_REUSED for another request's id.
// Needs keys::Request(id).
absl::StatusOr<std::optional<storage_v1::RequestRecord>> Recall(const Transaction& txn, const RequestKey& request);
// Keeps `record` (its ids filled in) as the answer of this request.
void Remember(Transaction& txn, const RequestKey& request, storage_v1::RequestRecord record);

// The caller's record: MAILBOX_NOT_FOUND if its mailbox is gone (or was created anew), DEVICE_REVOKED if it was
// removed, TOKEN_INVALID if it is virtual, for those change nothing. Needs keys::Device(caller.device_id).
absl::StatusOr<storage_v1::DeviceRecord> ActiveCaller(const Transaction& txn, const Caller& caller);

// MAILBOX_NOT_FOUND, or OK.
absl::Status CheckMailbox(const Transaction& txn, const Caller& caller);

// `expected` against the current epoch: EPOCH_STALE with the current one.
absl::Status CheckCurrentEpoch(const storage_v1::MailboxHead& head, EpochId expected);

// Keys between their stored and their typed form. A stored record that doesn't parse is DATA_DAMAGED.
absl::StatusOr<crypto::DevicePublicKeys> KeysOf(const storage_v1::DeviceRecord& record);
storage_v1::DeviceRecord ToDeviceRecord(const crypto::DevicePublicKeys& keys, std::string_view sealed_label,
                                        int64_t create_ms);

}  // namespace labyrinth::mailbox

#endif  // LABYRINTH_SERVICE_MAILBOX_RULES_H_
