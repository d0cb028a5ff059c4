// How RocksDB is set up, with the reason beside each choice.
#ifndef LABYRINTH_STORAGE_ROCKSDB_TUNING_H_
#define LABYRINTH_STORAGE_ROCKSDB_TUNING_H_

#include <rocksdb/options.h>

#include <memory>

#include "storage/rocksdb/options.h"

namespace labyrinth::storage {

struct RocksdbTuning {
  ::rocksdb::DBOptions db;
  ::rocksdb::ColumnFamilyOptions records;
  ::rocksdb::ColumnFamilyOptions blobs;
};

// `listener` hears of background errors.
RocksdbTuning MakeTuning(const RocksdbOptions& options, std::shared_ptr<::rocksdb::EventListener> listener);

// Every write that this engine issues.
::rocksdb::WriteOptions SyncedWrite();

}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_ROCKSDB_TUNING_H_
