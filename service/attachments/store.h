// What everything about attachments works on.
#ifndef LABYRINTH_SERVICE_ATTACHMENTS_STORE_H_
#define LABYRINTH_SERVICE_ATTACHMENTS_STORE_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/executor.h"
#include "service/attachments/locate.h"
#include "service/attachments/partition_updates.h"
#include "storage/blob_store.h"
#include "storage/engine.h"

namespace labyrinth::attachments {

// All outlive whoever uses the store. Thread-safe.
struct Store {
  storage::Engine& engine;
  storage::BlobStore& bytes;
  PartitionUpdates& updates;
  Executor& executor;
  const Clock& clock;

  int64_t NowMs() const { return clock.NowMs(); }

  // Submits an update whose decision has a result: that of the last time it was decided.
  template <typename Result>
  void Change(std::string partition, std::vector<std::string> keys, absl::Time deadline,
              std::function<absl::StatusOr<Result>(Rows&)> decide, Reply<Result> done) const {
    auto result = std::make_shared<std::optional<Result>>();
    Update update;
    update.partition = std::move(partition);
    update.keys = std::move(keys);
    update.deadline = deadline;
    update.decide = [decide = std::move(decide), result](Rows& rows) {
      absl::StatusOr<Result> decided = decide(rows);
      if (!decided.ok()) return decided.status();
      *result = *std::move(decided);
      return absl::OkStatus();
    };
    update.done = [result, done = std::move(done)](absl::Status status) mutable {
      if (!status.ok()) return std::move(done)(std::move(status));
      std::move(done)(**std::move(result));
    };
    updates.Submit(std::move(update));
  }

  // The same for a decision without one.
  void Change(std::string partition, std::vector<std::string> keys, absl::Time deadline,
              std::function<absl::Status(Rows&)> decide, StatusCallback done) const {
    Update update;
    update.partition = std::move(partition);
    update.keys = std::move(keys);
    update.deadline = deadline;
    update.decide = std::move(decide);
    update.done = std::move(done);
    updates.Submit(std::move(update));
  }

  // Deletes a blob's bytes. What follows may wait for the disk, as the thread that answers for the blobs must not.
  void DeleteBytes(const storage::BlobName& blob, absl::Time deadline, StatusCallback done) const {
    bytes.Delete(blob, deadline, [&executor = executor, done = std::move(done)](absl::Status status) mutable {
      executor.Post([status = std::move(status), done = std::move(done)]() mutable { std::move(done)(status); });
    });
  }

  // One row, read plainly: nullopt if there is none. DATA_DAMAGED, ENGINE_UNAVAILABLE.
  template <typename Record>
  void ReadRow(std::string partition, std::string key, absl::Time deadline, Reply<std::optional<Record>> done) const {
    storage::ReadRequest request;
    request.partition = std::move(partition);
    request.keys = {std::move(key)};
    request.deadline = deadline;
    engine.Read(std::move(request), [done = std::move(done)](absl::StatusOr<storage::ReadResult> result) mutable {
      if (!result.ok()) return std::move(done)(result.status());
      if (!result->values[0].has_value()) return std::move(done)(std::optional<Record>());
      auto record = mailbox::ParseRecord<Record>(*result->values[0]);
      if (!record.ok()) return std::move(done)(record.status());
      std::move(done)(std::optional<Record>(*std::move(record)));
    });
  }
};

}  // namespace labyrinth::attachments

#endif  // LABYRINTH_SERVICE_ATTACHMENTS_STORE_H_
