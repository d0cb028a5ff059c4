// Taking messages out of a mailbox: what deletions and expiry have in common.
#ifndef LABYRINTH_SERVICE_MAILBOX_REMOVAL_H_
#define LABYRINTH_SERVICE_MAILBOX_REMOVAL_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "common/ids.h"
#include "service/mailbox/batch_state.h"
#include "storage/engine.h"
#include "storage/schema.h"

namespace labyrinth::mailbox {

// Where a stored message stands.
struct StoredAt {
  uint32_t thread_number = 0;
  storage::Place place;
  friend auto operator<=>(const StoredAt&, const StoredAt&) = default;
};

// The messages that one operation removes, which stands alone in its batch: it looks for what becomes a thread's newest
// message in pages, and those don't show what others of the batch wrote.
//
// Each message leaves every index and counter, its thread too if it was the last one; its id becomes a tombstone, the
// feed tells of it, and what the feed told of it before is marked as void. Thread-compatible.
class Removal {
 public:
  // `messages` are distinct; each is known to be there from a row of `state` that leads to it.
  explicit Removal(std::vector<StoredAt> messages);

  // The messages and their threads; then, once those are known, what is left of threads that lose their newest.
  void Need(std::vector<std::string>& keys) const;
  void NeedScans(const BatchState& state, std::vector<storage::Scan>& scans) const;

  // `kind`: CHANGE_KIND_DELETED or _EXPIRED. DATA_DAMAGED.
  absl::Status Apply(Transaction& txn, storage_v1::ChangeKind kind, DeviceId by) const;

 private:
  absl::Status RemoveMessage(Transaction& txn, const StoredAt& at, storage_v1::ChangeKind kind, DeviceId by,
                             storage_v1::ThreadRecord& thread) const;

  // Grouped by thread, newest first.
  std::vector<std::vector<StoredAt>> threads_;
};

}  // namespace labyrinth::mailbox

#endif  // LABYRINTH_SERVICE_MAILBOX_REMOVAL_H_
