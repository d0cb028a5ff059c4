// Deleting: by whoever is a member, at any time.
#ifndef LABYRINTH_SERVICE_MAILBOX_DELETE_MESSAGES_H_
#define LABYRINTH_SERVICE_MAILBOX_DELETE_MESSAGES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "service/mailbox/caller.h"
#include "service/mailbox/operation.h"
#include "service/mailbox/removal.h"

namespace labyrinth::mailbox {

// Ids within common/limits.h; the handler has checked them. The same one twice counts once.
struct DeleteRequest {
  Caller caller;
  std::vector<std::string> message_ids;
};

struct DeleteResponse {
  uint64_t revision = 0;
  uint32_t deleted_count = 0;
};

// Deletes what is there of the named messages; one that has expired is gone already, swept or not. Nothing is written
// if there was nothing to delete. Neither the mailbox's state nor the epoch matters: a deletion stores nothing that a
// removed device could read. MAILBOX_NOT_FOUND, DEVICE_REVOKED.
class DeleteMessagesOperation final : public OperationWithResult<DeleteResponse> {
 public:
  DeleteMessagesOperation(DeleteRequest request, Done done);

  void Need(const BatchState& state, std::vector<std::string>& keys) const override;
  void NeedScans(const BatchState& state, std::vector<storage::Scan>& scans) const override;
  absl::Status Decide(Transaction& txn) override;
  bool urgent() const override { return true; }

 private:
  void Finish(const storage::Position& position, DeleteResponse& response) override {
    response.revision = position.revision;
  }
  // What ids lead to; with `live_alone`, without what has expired (whose records must be known).
  absl::StatusOr<std::vector<StoredAt>> Targets(const BatchState& state, bool live_alone) const;

  const DeleteRequest request_;
};

}  // namespace labyrinth::mailbox

#endif  // LABYRINTH_SERVICE_MAILBOX_DELETE_MESSAGES_H_
