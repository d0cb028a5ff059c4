// Conditional commits to the partitions of attachments, many callers' at a time.
//
// Unlike mailbox::Sequencer this keeps no feed and needs no tag to settle a commit of unknown outcome: an update is
// written so that deciding it again after it was applied changes nothing. A conflict, whoever caused it, says that the
// earlier commit can't apply any more (or has); so the rows are read again and the update decided anew.
#ifndef LABYRINTH_SERVICE_ATTACHMENTS_PARTITION_UPDATES_H_
#define LABYRINTH_SERVICE_ATTACHMENTS_PARTITION_UPDATES_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/clock.h"
#include "common/executor.h"
#include "service/attachments/rows.h"
#include "storage/engine.h"

namespace labyrinth::attachments {

using StatusCallback = absl::AnyInvocable<void(absl::Status) &&>;

struct Update {
  std::string partition;
  std::vector<std::string> keys;     // what `decide` looks at
  std::vector<storage::Scan> scans;  // an update with scans gets a commit of its own
  // May run several times, on any thread; must be idempotent (see above). A refusal discards its changes.
  std::function<absl::Status(Rows&)> decide;
  absl::Time deadline = absl::InfiniteFuture();
  // Once. OK: durable, or nothing had to be changed. `decide`'s refusal; OUTCOME_UNKNOWN, ENGINE_UNAVAILABLE,
  // DATA_DAMAGED.
  StatusCallback done;
};

// Thread-safe. Outlives no part of what it is given; destruction waits until every update was answered.
class PartitionUpdates {
 public:
  // How often a commit of unknown outcome is issued before its callers are told OUTCOME_UNKNOWN.
  static constexpr int kCommitAttempts = 4;
  // How often updates are decided again because another node committed first.
  static constexpr int kDecideAttempts = 16;
  // Updates in one commit: small rows, so this bounds the time spent deciding.
  static constexpr std::size_t kBatchUpdates = 128;

  PartitionUpdates(storage::Engine& engine, Executor& executor, const Clock& clock)
      : engine_(engine), executor_(executor), clock_(clock) {}
  ~PartitionUpdates();

  void Submit(Update update) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Batch;
  struct Lane {
    bool busy = false;
    std::deque<Update> waiting;
  };

  std::shared_ptr<Batch> NextBatch(const std::string& partition) ABSL_LOCKS_EXCLUDED(mutex_);
  void Read(std::shared_ptr<Batch> batch);
  void Decide(std::shared_ptr<Batch> batch, std::vector<std::string> asked, storage::ReadResult read);
  void Commit(std::shared_ptr<Batch> batch);
  void OnCommit(std::shared_ptr<Batch> batch, const storage::CommitResult& result);
  // Answers all with `failure`, or if that is OK each with its own verdict, and goes on with the lane.
  void Finish(std::shared_ptr<Batch> batch, const absl::Status& failure) ABSL_LOCKS_EXCLUDED(mutex_);
  bool Late(const Batch& batch) const;

  storage::Engine& engine_;
  Executor& executor_;
  const Clock& clock_;
  absl::Mutex mutex_;
  absl::flat_hash_map<std::string, Lane> lanes_ ABSL_GUARDED_BY(mutex_);
  std::size_t busy_lanes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace labyrinth::attachments

#endif  // LABYRINTH_SERVICE_ATTACHMENTS_PARTITION_UPDATES_H_
