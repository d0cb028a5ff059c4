// The one thread that writes.
#ifndef LABYRINTH_STORAGE_ROCKSDB_COMMITTER_H_
#define LABYRINTH_STORAGE_ROCKSDB_COMMITTER_H_

#include <rocksdb/db.h>

#include <cstdint>
#include <thread>
#include <vector>

#include "storage/engine.h"
#include "storage/rocksdb/commit_queue.h"
#include "storage/rocksdb/disk_reserve.h"
#include "storage/rocksdb/fail_stop.h"
#include "storage/rocksdb/partition_cache.h"

namespace labyrinth::storage {

// Takes the commits and the chunks that wait, writes them as one batch with one sync, answers them, and takes those
// that came meanwhile: the slower the disk, the larger the groups. Since nothing else writes, what a batch was decided
// on can't change under it, and a batch begins only after the last one was synced (log_check.h rests on this).
// Thread-safe.
class Committer {
 public:
  struct Families {
    ::rocksdb::ColumnFamilyHandle* records;
    ::rocksdb::ColumnFamilyHandle* blobs;
  };

  // All of them outlive the committer. One write carries at most `group` of commits and of chunks.
  Committer(::rocksdb::DB* db, Families families, PartitionCache& partitions, uint64_t next_number, DiskReserve reserve,
            CommitQueue::Bytes group, CommitQueue& queue, FailStop& fail_stop);
  Committer(const Committer&) = delete;
  Committer& operator=(const Committer&) = delete;
  // Stops the queue, answers whatever is in it, and waits for the thread. Not to be called from a callback.
  ~Committer();

 private:
  void Run();
  std::vector<CommitResult> Apply(const std::vector<QueuedWrite>& group);

  // The thread's own.
  ::rocksdb::DB* const db_;
  const Families families_;
  PartitionCache& partitions_;
  uint64_t next_number_;
  DiskReserve reserve_;

  const CommitQueue::Bytes group_bytes_;
  CommitQueue& queue_;
  FailStop& fail_stop_;
  std::thread thread_;
};

}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_ROCKSDB_COMMITTER_H_
