// What an operator, or a test, may choose about the embedded store.
#ifndef LABYRINTH_STORAGE_ROCKSDB_OPTIONS_H_
#define LABYRINTH_STORAGE_ROCKSDB_OPTIONS_H_

#include <cstddef>
#include <cstdint>

namespace rocksdb {
class Env;
}

namespace labyrinth::storage {

struct RocksdbOptions {
  // All that the store holds in memory: cached blocks, their indexes and filters, and the memtables, which take up to a
  // quarter of it.
  std::size_t block_cache_bytes = std::size_t{256} << 20;

  // Commits fail, and reads go on, while less than this is free on the disk. It covers a second of writes at full speed
  // and the room that a compaction needs before it can give any back. 0 turns the check off.
  uint64_t min_free_disk_bytes = uint64_t{1} << 30;

  // A file this old is rewritten, so that what was deleted leaves the disk: below the bound promised for expiry.
  uint64_t rewrite_after_seconds = 24 * 60 * 60;

  // One write and one sync carry at most this much (a single larger commit goes alone).
  std::size_t group_bytes = std::size_t{8} << 20;

  // Commits waiting for their turn; beyond it they fail at once rather than grow the process.
  std::size_t queue_bytes = std::size_t{64} << 20;

  // The seam for tests that break the disk; nullptr is the real one. Outlives the engine.
  ::rocksdb::Env* env = nullptr;
};

}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_ROCKSDB_OPTIONS_H_
