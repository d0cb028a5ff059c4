// An engine beside a copy of what its base has acknowledged.
#ifndef LABYRINTH_TESTS_FAULT_SHADOW_ENGINE_H_
#define LABYRINTH_TESTS_FAULT_SHADOW_ENGINE_H_

#include <deque>
#include <map>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "storage/engine.h"
#include "tests/fault/tally.h"

namespace labyrinth::fault {

using Rows = std::map<std::string, std::string>;

// All rows of a partition, and where it stands. `store` answers reads before it returns.
struct StoredPartition {
  storage::Position position;
  Rows rows;
};
absl::StatusOr<StoredPartition> ReadPartition(storage::Engine& store, const std::string& partition);

// Forwards to the engine of the moment, whose reads answer at once, and keeps the answers of commits until the test
// takes them: what runs on them runs on the test's own thread, and commits of several partitions are under way
// together. One commit a partition at a time, as the sequencer has it. Thread-safe but for Attach, Detach and Judge.
class ShadowEngine final : public storage::Engine {
 public:
  // `base` outlives its attachment. Nothing may be under way.
  void Attach(storage::Engine& base) { base_ = &base; }
  void Detach() { base_ = nullptr; }

  // Waits until a commit was answered, if any is under way, and passes all answers on; false if none was.
  bool Deliver() ABSL_LOCKS_EXCLUDED(mutex_);

  // Holds each partition, row by row, against what was acknowledged: a commit without an answer is there whole or not
  // at all, and nothing else differs. What is there is from now on what has to be.
  void Judge(Tally& tally) ABSL_LOCKS_EXCLUDED(mutex_);

  void Read(storage::ReadRequest request, storage::ReadCallback done) override {
    base_->Read(std::move(request), std::move(done));
  }
  void Commit(storage::CommitRequest request, storage::CommitCallback done) override ABSL_LOCKS_EXCLUDED(mutex_);
  void Due(int64_t now_ms, std::size_t limit, storage::DueCallback done) override {
    base_->Due(now_ms, limit, std::move(done));
  }
  void ListPartitions(std::string after, std::size_t limit, storage::PartitionsCallback done) override {
    base_->ListPartitions(std::move(after), limit, std::move(done));
  }

 private:
  struct Shadow {
    StoredPartition stored;
    std::optional<storage::CommitRequest> open;  // under way, or without an answer for ever
  };
  static void Apply(const storage::CommitRequest& request, StoredPartition& stored);
  void Take(const std::string& partition, const storage::CommitResult& result) ABSL_LOCKS_EXCLUDED(mutex_);

  storage::Engine* base_ = nullptr;
  absl::Mutex mutex_;
  std::map<std::string, Shadow> shadows_ ABSL_GUARDED_BY(mutex_);
  std::deque<absl::AnyInvocable<void() &&>> answers_ ABSL_GUARDED_BY(mutex_);
  std::size_t under_way_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace labyrinth::fault

#endif  // LABYRINTH_TESTS_FAULT_SHADOW_ENGINE_H_
