// An engine in front of another that remembers the small rows which every call reads.
#ifndef LABYRINTH_STORAGE_ROW_CACHE_H_
#define LABYRINTH_STORAGE_ROW_CACHE_H_

#include <array>
#include <cstddef>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "storage/engine.h"

namespace labyrinth::storage {

// Keeps the contract of engine.h, whoever else writes to the engine behind it, but for its end: it goes once every call
// through it was answered, and doesn't wait for that. A row is remembered with the position at which it was read. A
// read that finds all such rows asks the engine for the others alone, and counts only if the partition stands at that
// very position: nothing changes without a commit, and no position comes twice. Otherwise it is made again, whole.
// Thread-safe.
class RowCache final : public Engine {
 public:
  // Which rows to remember, by their keys. Not those over kMaxRowBytes.
  using Wanted = bool (*)(std::string_view key);
  static constexpr std::size_t kMaxRowBytes = 4096;

  // `engine` outlives the cache, which takes about `max_bytes`.
  RowCache(Engine& engine, Wanted wanted, std::size_t max_bytes)
      : engine_(engine), wanted_(wanted), shard_bytes_(max_bytes / kShards) {}

  void Read(ReadRequest request, ReadCallback done) override;
  void Commit(CommitRequest request, CommitCallback done) override;
  void Due(int64_t now_ms, std::size_t limit, DueCallback done) override;
  void ListPartitions(std::string after, std::size_t limit, PartitionsCallback done) override;

 private:
  static constexpr std::size_t kShards = 16;
  // Of one partition; a mailbox of many threads begins anew.
  static constexpr std::size_t kMaxPartitionBytes = 64 * 1024;

  using Row = std::optional<std::string>;
  struct Partition {
    Position position;
    absl::flat_hash_map<std::string, Row> rows;
    std::size_t bytes = 0;
    std::list<std::string>::iterator use;
  };
  struct Shard {
    absl::Mutex mutex;
    absl::flat_hash_map<std::string, Partition> partitions ABSL_GUARDED_BY(mutex);
    std::list<std::string> uses ABSL_GUARDED_BY(mutex);  // the latest first
    std::size_t bytes ABSL_GUARDED_BY(mutex) = 0;
  };
  // Rows of one moment: those that the request names, in its order; a row that isn't wanted is null.
  struct Known {
    Position position;
    std::vector<std::optional<Row>> rows;
  };

  Shard& ShardOf(std::string_view partition);
  // nullopt unless every wanted row is known, and there is one.
  std::optional<Known> Find(const ReadRequest& request);
  void ReadWhole(ReadRequest request, ReadCallback done);
  void Remember(const std::string& partition, const Position& position, const std::vector<std::string>& keys,
                const std::vector<Row>& rows);
  // What a commit did to a partition that stood at `before`.
  void Advance(const std::string& partition, const Position& before, const Position& now, std::vector<Write> writes);

  void Put(Shard& shard, Partition& partition, const std::string& key, const Row& row)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  static void Clear(Shard& shard, Partition& partition) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  static void Erase(Shard& shard, const std::string& partition) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);
  void Evict(Shard& shard) ABSL_EXCLUSIVE_LOCKS_REQUIRED(shard.mutex);

  Engine& engine_;
  const Wanted wanted_;
  const std::size_t shard_bytes_;
  std::array<Shard, kShards> shards_;
};

}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_ROW_CACHE_H_
