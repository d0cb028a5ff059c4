// The latch behind "never write on": tripped by the first error of a write, never released.
#ifndef LABYRINTH_STORAGE_ROCKSDB_FAIL_STOP_H_
#define LABYRINTH_STORAGE_ROCKSDB_FAIL_STOP_H_

#include <rocksdb/listener.h>

#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

namespace labyrinth::storage {

// After a failed write or sync nobody knows what the disk holds: the kernel may have dropped the dirty pages and report
// success next time. So the first failure is the last write of this process; opening the store anew finds out what is
// there. Background failures (flush, compaction) count too, for a disk that fails one fails all. Thread-safe.
class FailStop {
 public:
  // The first call wins.
  void Trip(std::string why) ABSL_LOCKS_EXCLUDED(mutex_);
  // OK, or UNAVAILABLE with the cause in the operator's words (paths and RocksDB's text; no keys).
  absl::Status Health() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  mutable absl::Mutex mutex_;
  absl::Status health_ ABSL_GUARDED_BY(mutex_);
};

// Trips the latch, which outlives it, on every error that RocksDB meets in the background.
class FailStopListener final : public ::rocksdb::EventListener {
 public:
  explicit FailStopListener(FailStop& fail_stop) : fail_stop_(fail_stop) {}
  void OnBackgroundError(::rocksdb::BackgroundErrorReason reason, ::rocksdb::Status* status) override;

 private:
  FailStop& fail_stop_;
};

}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_ROCKSDB_FAIL_STOP_H_
