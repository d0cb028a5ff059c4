// RocksDB itself, as the engine sets it up, with the engine's rows and none of its decisions.
#ifndef LABYRINTH_TOOLS_BENCH_ROCKSDB_FLOOR_H_
#define LABYRINTH_TOOLS_BENCH_ROCKSDB_FLOOR_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/bench/payload.h"

namespace labyrinth::bench {

// Thread-compatible.
class RocksdbFloor {
 public:
  // Mailboxes have `threads` threads.
  static absl::StatusOr<std::unique_ptr<RocksdbFloor>> Open(const std::string& dir, const Payload& payload,
                                                            uint64_t threads);
  virtual ~RocksdbFloor() = default;

  // Synced batches, one after the other, each with a commit of `batch` messages for every one of `mailboxes`, for
  // `seconds`: as many as can share a sync do. (Threads that write one commit each get half of that, for RocksDB then
  // wakes them one by one.) The rows are those of a save: the messages, their indexes and threads, and a commit's feed
  // entry, head and partition. Messages a second.
  virtual absl::StatusOr<double> Write(int mailboxes, int batch, double seconds) = 0;
};

// Reads the messages of one mailbox in a store that a server has open: checksums verified, nothing parsed. The store is
// opened for reading alone, as it is then.
class RocksdbScan {
 public:
  // Of the mailbox that holds `count` messages. NOT_FOUND.
  static absl::StatusOr<std::unique_ptr<RocksdbScan>> Open(const std::string& store_dir, uint64_t count);
  virtual ~RocksdbScan() = default;
  // One after the other as a restore does, `count` of them; their blocks go into the block cache, as RocksDB's scans do
  // of themselves, or not. Messages a second.
  virtual absl::StatusOr<double> Run(uint64_t count, bool fill_cache) = 0;
  // The newest `page_size` of a thread at random out of `threads`, copied once, by as many readers at a time, for
  // `seconds`. Pages a second.
  virtual absl::StatusOr<double> Pages(int readers, uint32_t threads, int page_size, double seconds) = 0;
};

// Compacts a closed store fully, then gives the bytes of all files in its directory.
absl::StatusOr<uint64_t> CompactedBytes(const std::string& store_dir);

}  // namespace labyrinth::bench

#endif  // LABYRINTH_TOOLS_BENCH_ROCKSDB_FLOOR_H_
