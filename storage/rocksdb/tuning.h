// How RocksDB is set up, with the reason beside each choice.
#ifndef LABYRINTH_STORAGE_ROCKSDB_TUNING_H_
#define LABYRINTH_STORAGE_ROCKSDB_TUNING_H_

#include <rocksdb/options.h>

#include <memory>

#include "absl/time/time.h"
#include "storage/rocksdb/options.h"

namespace labyrinth::storage {

struct RocksdbTuning {
  ::rocksdb::DBOptions db;
  ::rocksdb::ColumnFamilyOptions records;
  ::rocksdb::ColumnFamilyOptions blobs;
};

// `listener` hears of background errors.
RocksdbTuning MakeTuning(const RocksdbOptions& options, std::shared_ptr<::rocksdb::EventListener> listener);

// Of this thread, from here on: RocksDB counts its comparisons and steps unless told not to, and nobody reads that.
void LeaveOutCounts();

// Every write that this engine issues.
::rocksdb::WriteOptions SyncedWrite();

// Every read: checksums are verified, and RocksDB looks at the deadline before each access of the disk.
::rocksdb::ReadOptions CheckedRead(absl::Time deadline = absl::InfiniteFuture());

}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_ROCKSDB_TUNING_H_
