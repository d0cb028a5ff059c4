// Saving: the operation that everything else exists for.
#ifndef LABYRINTH_SERVICE_MAILBOX_SAVE_MESSAGES_H_
#define LABYRINTH_SERVICE_MAILBOX_SAVE_MESSAGES_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "common/ids.h"
#include "service/mailbox/caller.h"
#include "service/mailbox/operation.h"
#include "service/mailbox/rules.h"

namespace labyrinth::mailbox {

enum class OnConflict { kReject, kKeepExisting, kReplace };
enum class SaveOutcome { kCreated, kUnchanged, kKeptExisting, kReplaced, kWasDeleted };

// Within common/limits.h; ids of one request distinct. The handler has checked both.
struct SaveMessage {
  std::string message_id;
  std::string thread_id;
  int64_t timestamp_ms = 0;
  std::string ciphertext;
  int64_t expire_ms = 0;  // 0: never
};

struct SaveRequest {
  Caller caller;
  EpochId epoch_id;
  uint32_t cipher_version = 0;
  OnConflict on_conflict = OnConflict::kReject;
  std::vector<SaveMessage> messages;
};

struct SaveResponse {
  uint64_t revision = 0;
  std::vector<SaveOutcome> outcomes;
};

// Decides a batch in the API's order: the device, then each message's identity, then the mailbox's state and the epoch
// (only if something is to be written, so that a retry after a rotation succeeds), then the quota. DEVICE_REVOKED,
// MAILBOX_NOT_FOUND, MESSAGE_CONFLICT, ROTATION_REQUIRED, EPOCH_STALE, INVALID_FIELD (already expired), QUOTA_EXCEEDED.
class SaveMessagesOperation final : public OperationWithResult<SaveResponse> {
 public:
  SaveMessagesOperation(const Policy& policy, SaveRequest request, Done done);

  void Need(const BatchState& state, std::vector<std::string>& keys) const override;
  absl::Status Decide(Transaction& txn) override;
  std::size_t size_bytes() const override { return size_bytes_; }
  bool alone() const override { return false; }

 private:
  void Finish(const storage::Position& position, SaveResponse& response) override {
    response.revision = position.revision;
  }
  // What is to happen with one message.
  struct Verdict {
    SaveOutcome outcome = SaveOutcome::kCreated;
    storage_v1::MessageLocation location;  // of the existing message
    storage_v1::MessageRecord existing;
  };
  absl::StatusOr<Verdict> Identify(const Transaction& txn, uint32_t index) const;
  absl::Status CheckQuota(const Transaction& txn, const std::vector<Verdict>& verdicts) const;
  absl::Status Create(Transaction& txn, const SaveMessage& message);
  absl::Status Replace(Transaction& txn, const SaveMessage& message, const Verdict& verdict);
  storage_v1::MessageRecord ToRecord(const SaveMessage& message) const;

  const Policy& policy_;
  const SaveRequest request_;
  std::size_t size_bytes_ = 0;
};

}  // namespace labyrinth::mailbox

#endif  // LABYRINTH_SERVICE_MAILBOX_SAVE_MESSAGES_H_
