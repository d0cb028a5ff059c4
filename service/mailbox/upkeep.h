// What becomes of a mailbox by itself: messages expire, and what was remembered for a time is forgotten.
#ifndef LABYRINTH_SERVICE_MAILBOX_UPKEEP_H_
#define LABYRINTH_SERVICE_MAILBOX_UPKEEP_H_

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "service/mailbox/operation.h"
#include "service/mailbox/removal.h"

namespace labyrinth::mailbox {

struct UpkeepResult {
  std::size_t expired = 0;
  bool more = false;  // is due already
};

// A bounded part of what is due in one mailbox, oldest first:
//
//   - expired messages are removed, which the feed tells, and expired_through_ms is raised to the latest of them, so
//     that none is served again should the clock step back;
//   - entries of the feed that have been void for limits::kFeedSettleMs are taken out;
//   - deletions older than limits::kTombstoneMs are forgotten, by the feed and by the ids' tombstones;
//   feed_tail_revision
//     tells whoever follows the feed;
//   - request ids older than limits::kRequestIdTtlMs are forgotten.
//
// Each table is in the order of time, so its first row past those says when to wake again. Idempotent. Writes nothing
// if nothing is due and the wake time is right, and no row in the feed unless messages expired. DATA_DAMAGED.
class UpkeepOperation final : public OperationWithResult<UpkeepResult> {
 public:
  // Rows of one commit. Messages and feed rows are read whole: 32 MiB of each at the worst.
  static constexpr uint32_t kExpired = 128;
  static constexpr uint32_t kVoidEntries = 256;
  static constexpr uint32_t kFeedRows = 32;
  static constexpr uint32_t kDeletionRows = 16;
  static constexpr uint32_t kRequests = 256;

  explicit UpkeepOperation(Done done) : OperationWithResult(std::move(done)) {}

  void Need(const BatchState& state, std::vector<std::string>& keys) const override;
  void NeedScans(const BatchState& state, std::vector<storage::Scan>& scans) const override;
  absl::Status Decide(Transaction& txn) override;
  bool urgent() const override { return true; }

 private:
  // What is due, as far as it was read and this commit goes.
  struct Due;
  static absl::StatusOr<Due> FindDue(const BatchState& state);
  static absl::Status ForgetDeletions(Transaction& txn, const Due& due,
                                      std::map<uint64_t, storage_v1::FeedRecord>& rows);
};

}  // namespace labyrinth::mailbox

#endif  // LABYRINTH_SERVICE_MAILBOX_UPKEEP_H_
