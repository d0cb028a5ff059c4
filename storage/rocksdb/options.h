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

  // Commits fail, and reads go on, while less than this is free on the disk; chunks of blobs fail below twice as much.
  // It covers a second of writes at full speed and the room that a compaction needs before it can give any back. 0
  // turns the check off.
  uint64_t min_free_disk_bytes = uint64_t{1} << 30;

  // A file this old is rewritten, so that what was deleted leaves the disk: below the bound promised for expiry.
  uint64_t rewrite_after_seconds = 24 * 60 * 60;

  // Within this time the chunks of a deleted blob leave the disk; 0 leaves it to EraseDeletedBlobs. The shorter, the
  // more is rewritten: all attachments once in it, while there is something to erase.
  uint64_t erase_blobs_within_seconds = 7 * 24 * 60 * 60;

  // What is rewritten at once for it, at least: a small store is done in an hour.
  uint64_t erase_pass_bytes = uint64_t{256} << 20;

  // One write and one sync carry at most this much of commits (a single larger one goes alone), and of chunks: eight of
  // them delay the saves beside them by little.
  std::size_t group_bytes = std::size_t{8} << 20;
  std::size_t blob_group_bytes = std::size_t{2} << 20;

  // Commits and chunks waiting for their turn; beyond it they fail at once rather than grow the process. There is room
  // for a chunk of each upload that a node takes at once.
  std::size_t queue_bytes = std::size_t{64} << 20;
  std::size_t blob_queue_bytes = std::size_t{36} << 20;

  // Opens a store that RestoreBackup has copied and FinishRestore not yet released. For whoever restores.
  bool unfinished_restore = false;

  // The seam for tests that break the disk; nullptr is the real one. Outlives the engine.
  ::rocksdb::Env* env = nullptr;
};

}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_ROCKSDB_OPTIONS_H_
