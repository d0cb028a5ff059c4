// The engine of tests: the whole contract, nothing kept.
#ifndef LABYRINTH_STORAGE_MEMORY_MEMORY_ENGINE_H_
#define LABYRINTH_STORAGE_MEMORY_MEMORY_ENGINE_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "storage/engine.h"

namespace labyrinth::storage {

// Every promise of Engine but durability, which here means the life of the object. Answers before the call returns, so
// no outcome is ever unknown (FaultyEngine adds that). Thread-safe.
class MemoryEngine final : public Engine {
 public:
  MemoryEngine() = default;
  MemoryEngine(const MemoryEngine&) = delete;
  MemoryEngine& operator=(const MemoryEngine&) = delete;

  void Read(ReadRequest request, ReadCallback done) override ABSL_LOCKS_EXCLUDED(mutex_);
  void Commit(CommitRequest request, CommitCallback done) override ABSL_LOCKS_EXCLUDED(mutex_);
  void Due(int64_t now_ms, std::size_t limit, DueCallback done) override ABSL_LOCKS_EXCLUDED(mutex_);
  void ListPartitions(std::string after, std::size_t limit, PartitionsCallback done) override
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Partition {
    Position position;
    int64_t wake_at_ms = 0;
    std::map<std::string, std::string> rows;
  };

  absl::StatusOr<ReadResult> DoRead(const ReadRequest& request) ABSL_LOCKS_EXCLUDED(mutex_);
  CommitResult DoCommit(CommitRequest& request) ABSL_LOCKS_EXCLUDED(mutex_);
  std::vector<DuePartition> DoDue(int64_t now_ms, std::size_t limit) ABSL_LOCKS_EXCLUDED(mutex_);
  std::vector<PartitionEntry> DoListPartitions(const std::string& after, std::size_t limit) ABSL_LOCKS_EXCLUDED(mutex_);
  void SetWake(const std::string& name, Partition& partition, int64_t wake_at_ms) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::Mutex mutex_;
  std::map<std::string, Partition> partitions_ ABSL_GUARDED_BY(mutex_);
  std::set<std::pair<int64_t, std::string>> wakes_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_MEMORY_MEMORY_ENGINE_H_
