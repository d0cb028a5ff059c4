// Makes deleted chunks leave the disk.
//
// Chunks lie in blob files in the order in which they came, and tables hold references to them; a blob file goes when
// the last reference into it is gone. Names are random, so each compaction of tables touches every blob file: were it
// to rewrite those that hold deleted chunks, each would rewrite the store. So compactions leave blob files alone, and a
// pass an hour does three things:
//
//   1. It writes out the memtables: then the log, which has every chunk of the last hours, is deleted too.
//   2. It merges deletions with what they delete, which costs the tables of references alone, some 60 bytes a chunk.
//      Now RocksDB knows how much of each blob file is garbage, and drops those that are nothing else.
//   3. If any garbage is left it rewrites the oldest blob files, 1/144 of all bytes. What is live in them becomes
//      youngest, so that after 144 such passes every file that held garbage at the first is gone.
//
// So a deleted chunk is gone within kErasePasses, of an hour each: a week. The price is one rewrite of the attachments
// a week, spread evenly, and only while there is something to erase. How far it is needs no record: it is in the files.
#ifndef LABYRINTH_STORAGE_ROCKSDB_BLOB_ERASER_H_
#define LABYRINTH_STORAGE_ROCKSDB_BLOB_ERASER_H_

#include <rocksdb/db.h>

#include <atomic>
#include <cstdint>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "storage/rocksdb/commit_queue.h"
#include "storage/rocksdb/committer.h"
#include "storage/rocksdb/disk_reserve.h"
#include "storage/rocksdb/fail_stop.h"

namespace labyrinth::storage {

// Passes within which whatever was deleted at the first is off the disk: 144 that rewrite, and a day's worth for what
// came in between.
inline constexpr int64_t kErasePasses = 168;

// Thread-safe.
class BlobEraser {
 public:
  // A pass each `every`, none by itself if that is zero, which rewrites at least `least_bytes` if it rewrites at all.
  // `db`, its families, `queue` and `fail_stop` outlive the eraser.
  struct Pace {
    absl::Duration every;
    uint64_t least_bytes;
  };
  BlobEraser(::rocksdb::DB* db, Committer::Families families, DiskReserve reserve, Pace pace, CommitQueue& queue,
             const FailStop& fail_stop);
  BlobEraser(const BlobEraser&) = delete;
  BlobEraser& operator=(const BlobEraser&) = delete;
  // Breaks off a pass that is running, and waits for it.
  ~BlobEraser();

  // One pass now. Returns the bytes of deleted chunks that are left in blob files. UNAVAILABLE, with a line for the
  // operator, if writes have stopped, RocksDB refused or the eraser is being destroyed; a pass that is short of disk
  // space rewrites less.
  absl::StatusOr<uint64_t> Pass() ABSL_LOCKS_EXCLUDED(pass_mutex_);

 private:
  void Run();
  absl::Status WriteOut();
  absl::Status Compact(double rewritten_share);
  // What to rewrite next: a share of the blob files, oldest first, and the bytes that are live in it.
  struct Portion {
    double share = 0;  // none: there is no garbage, no budget or no room
    uint64_t bytes = 0;
  };
  Portion NextPortion(uint64_t budget_bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(pass_mutex_);

  ::rocksdb::DB* const db_;
  const Committer::Families families_;
  const Pace pace_;
  CommitQueue& queue_;
  const FailStop& fail_stop_;
  std::atomic<bool> stopping_ = false;
  absl::Mutex pass_mutex_;
  DiskReserve reserve_ ABSL_GUARDED_BY(pass_mutex_);
  absl::Mutex mutex_;
  absl::CondVar stop_;
  std::thread thread_;
};

}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_ROCKSDB_BLOB_ERASER_H_
