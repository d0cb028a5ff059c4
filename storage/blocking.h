// The engine's calls for those who have a thread to wait on: checks, restores, the operator's calls. Never for what
// serves clients.
#ifndef LABYRINTH_STORAGE_BLOCKING_H_
#define LABYRINTH_STORAGE_BLOCKING_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"
#include "storage/engine.h"

namespace labyrinth::storage {

// Each waits for the callback, which an engine answers by the request's deadline. Errors are the engine's.

inline absl::StatusOr<ReadResult> ReadAndWait(Engine& engine, ReadRequest request) {
  absl::Notification done;
  absl::StatusOr<ReadResult> result;
  engine.Read(std::move(request), [&](absl::StatusOr<ReadResult> read) {
    result = std::move(read);
    done.Notify();
  });
  done.WaitForNotification();
  return result;
}

inline CommitResult CommitAndWait(Engine& engine, CommitRequest request) {
  absl::Notification done;
  CommitResult result;
  engine.Commit(std::move(request), [&](CommitResult committed) {
    result = std::move(committed);
    done.Notify();
  });
  done.WaitForNotification();
  return result;
}

inline absl::StatusOr<std::vector<PartitionEntry>> ListPartitionsAndWait(Engine& engine, std::string after,
                                                                         std::size_t limit) {
  absl::Notification done;
  absl::StatusOr<std::vector<PartitionEntry>> result;
  engine.ListPartitions(std::move(after), limit, [&](absl::StatusOr<std::vector<PartitionEntry>> page) {
    result = std::move(page);
    done.Notify();
  });
  done.WaitForNotification();
  return result;
}

}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_BLOCKING_H_
