// Orders the changes of each mailbox: many waiting operations become one decision and one commit.
//
// Per mailbox one batch is in flight. A batch reads what its operations need at one moment, lets each decide in order
// against an overlay of that read, and commits all that was accepted on the condition that the mailbox still stands
// where it was read. Mailboxes don't wait for each other: the engine merges their commits.
#ifndef LABYRINTH_SERVICE_MAILBOX_SEQUENCER_H_
#define LABYRINTH_SERVICE_MAILBOX_SEQUENCER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "common/clock.h"
#include "common/executor.h"
#include "common/random.h"
#include "service/mailbox/operation.h"
#include "service/mailbox/revocation.h"
#include "storage/engine.h"

namespace labyrinth::mailbox {

// Thread-safe. Outlives no part of what it is given; destruction waits until every operation was completed.
// `on_commit` hears of every partition whose commits may have grown by one, ours or another's: perhaps once too often,
// too seldom only where a commit's outcome stays unknown and nobody calls again. It runs before the operations are
// completed, on the thread of the engine's callback, and so must neither wait nor read. What takes a device or a
// mailbox away is in `journal` before it is committed; without a journal (null) no store may ever be restored over this
// one.
class Sequencer {
 public:
  // How often a commit of unknown outcome is issued in one go before the caller is told OUTCOME_UNKNOWN.
  static constexpr int kCommitAttempts = 4;
  // How often a batch is decided again because another node committed first.
  static constexpr int kDecideAttempts = 64;

  using OnCommit = std::function<void(const std::string& partition)>;

  Sequencer(
      storage::Engine& engine, Executor& executor, const Clock& clock, RandomSource& random,
      OnCommit on_commit = [](const std::string&) {}, RevocationJournal* journal = nullptr);
  ~Sequencer();

  // Queues `operation` for the mailbox in `partition`. Its Complete() runs exactly once, on any thread, with the
  // operation's own refusal, or OUTCOME_UNKNOWN, ENGINE_UNAVAILABLE or DATA_DAMAGED.
  void Submit(const std::string& partition, std::unique_ptr<Operation> operation) ABSL_LOCKS_EXCLUDED(mutex_);

  // Operations that wait or are in flight.
  std::size_t pending() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Batch;
  struct Lane {
    std::deque<std::unique_ptr<Operation>> waiting;
    bool busy = false;  // a batch is in flight, or about to be taken
    // A commit whose outcome its batch couldn't learn: settled before the mailbox's next batch decides anything.
    std::optional<storage::CommitRequest> unsettled;
  };

  // Lets the busy lane rest if nothing waits in it, and says so.
  bool RestIfEmpty(const std::string& partition) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Takes the busy lane's next batch: something waits in it, and none but its one batch takes from there.
  std::shared_ptr<Batch> NextBatch(const std::string& partition) ABSL_LOCKS_EXCLUDED(mutex_);
  // Leaves the operations after the first `kept` to the next batch.
  void PutBack(Batch& batch, std::size_t kept) ABSL_LOCKS_EXCLUDED(mutex_);
  void Run(std::shared_ptr<Batch> batch);
  void Settle(std::shared_ptr<Batch> batch, storage::CommitRequest unsettled);
  void ReadMissing(std::shared_ptr<Batch> batch);
  void OnRead(std::shared_ptr<Batch> batch, std::vector<std::string> keys, std::vector<storage::Scan> scans,
              absl::StatusOr<storage::ReadResult> result);
  void Decide(std::shared_ptr<Batch> batch);
  // Commits, after the journal has what the batch takes away.
  void JournalAndCommit(std::shared_ptr<Batch> batch);
  // The decided batch's commit, the same one whenever it is asked for: what it holds is large, so it is made anew
  // rather than kept beside the state for the attempt that hardly ever comes.
  storage::CommitRequest CommitOf(const Batch& batch) const;
  void Commit(std::shared_ptr<Batch> batch);
  // The batch's commit didn't happen and won't: its entry in the journal, if any, counts no more.
  void VoidEntry(Batch& batch);
  void TakeCommit(std::shared_ptr<Batch> batch, storage::CommitResult result);
  // Gives up on learning the commit's outcome: OUTCOME_UNKNOWN.
  void LeaveUnsettled(std::shared_ptr<Batch> batch) ABSL_LOCKS_EXCLUDED(mutex_);
  // After a conflict with a commit that we may have made ourselves: the feed entry at that revision tells.
  void FindOutWhoCommitted(std::shared_ptr<Batch> batch, const storage::Position& now_at);
  void DecideAgain(std::shared_ptr<Batch> batch);
  void FinishAll(std::shared_ptr<Batch> batch, const absl::Status& failure, const storage::Position& position);

  storage::Engine& engine_;
  Executor& executor_;
  const Clock& clock_;
  const OnCommit on_commit_;
  RevocationJournal* const journal_;
  const uint64_t node_;  // in the tag of every commit: this sequencer's incarnation
  std::atomic<uint64_t> next_batch_{1};

  mutable absl::Mutex mutex_;
  absl::flat_hash_map<std::string, Lane> lanes_ ABSL_GUARDED_BY(mutex_);
  std::size_t busy_lanes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::size_t pending_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace labyrinth::mailbox

#endif  // LABYRINTH_SERVICE_MAILBOX_SEQUENCER_H_
