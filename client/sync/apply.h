// What may enter a device's copy of the history, and what the copy's own memory says about a server.
#ifndef LABYRINTH_CLIENT_SYNC_APPLY_H_
#define LABYRINTH_CLIENT_SYNC_APPLY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "client/feed.h"
#include "client/sync/cache.h"
#include "common/ids.h"

namespace labyrinth::client {

enum class LocalChangeKind {
  kAdded,
  kReplaced,
  kDeleted,   // by a device
  kExpired,   // its time came, by the server's clock or by this device's
  kVanished,  // a full copy didn't have it any more, and the feed had forgotten why
  kDeviceAdded,
  kDeviceRevoked,
  kEpochOpened,
};

// What happened in the copy. Messages are read from the copy itself; of removed ones there is nothing left.
struct LocalChange {
  LocalChangeKind kind = LocalChangeKind::kAdded;
  std::string thread_id;   // of the five kinds that concern a message
  std::string message_id;  // as above
  int64_t timestamp_ms = 0;
  DeviceId device_id;     // kDevice*
  EpochId epoch_id;       // kEpochOpened
  DeviceId by_device_id;  // the server's word; zero: unknown
};

// Collects what one transaction did.
struct Applied {
  std::vector<LocalChange> changes;
  std::vector<RefusedRow> tampering;
  uint64_t taken = 0;  // rows that the server sent and that stand in the copy now

  void Add(Applied other);
};

// Applies what the server says to the copy, inside one transaction:
//  - a row that failed a check never enters, and what stood under its id stays;
//  - a row older than the one in the copy (a lower change number of the same writer, or a lower revision in the same
//    generation) is kRolledBack: the copy's stays. While the server's store comes back from a backup (`restoring`)
//    older rows are what a backup has: the copy's stays, marked as lacking there;
//  - a row that has expired by `now_ms` doesn't enter;
//  - a replaced row keeps its place.
// Thread-compatible; borrows the cache.
class Applier {
 public:
  Applier(Cache& cache, int64_t now_ms, bool restoring) : cache_(cache), now_ms_(now_ms), restoring_(restoring) {}

  absl::Status Take(const HistoryMessage& message, const CachePlace& place);
  absl::Status TakeChange(const HistoryChange& change, uint64_t revision, std::size_t index);
  // Rows that this device's clock has outlived; all of them, whatever their number.
  absl::Status RemoveExpired();
  // At the end of a download: what it didn't have is removed, or marked as lacking where the store was restored.
  absl::Status Sweep();

  Applied& applied() { return applied_; }

 private:
  absl::Status Refuse(const RowClaims& row, Tampering kind);
  absl::Status RemoveRow(const CacheRow& row, LocalChangeKind kind, DeviceId by);
  bool IsOlder(const HistoryMessage& message, const CacheRow& known) const;

  Cache& cache_;
  const int64_t now_ms_;
  const bool restoring_;
  Applied applied_;
};

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_SYNC_APPLY_H_
