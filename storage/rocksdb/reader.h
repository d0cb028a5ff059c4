// Reads of the embedded store, on the caller's thread.
#ifndef LABYRINTH_STORAGE_ROCKSDB_READER_H_
#define LABYRINTH_STORAGE_ROCKSDB_READER_H_

#include <rocksdb/db.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/engine.h"
#include "storage/rocksdb/layout.h"
#include "storage/rocksdb/partition_cache.h"

namespace labyrinth::storage {

// Thread-safe; what it is given outlives it.
class Reader {
 public:
  Reader(::rocksdb::DB* db, ::rocksdb::ColumnFamilyHandle* records, PartitionCache& partitions)
      : db_(db), records_(records), partitions_(partitions) {}

  // One moment: nothing wrote the partition meanwhile, or everything is read under one snapshot, which costs a lock of
  // the whole database and a look at the partition's record.
  absl::StatusOr<ReadResult> Read(const ReadRequest& request) const;
  absl::StatusOr<std::vector<DuePartition>> Due(int64_t now_ms, std::size_t limit) const;
  absl::StatusOr<std::vector<PartitionEntry>> ListPartitions(std::string_view after, std::size_t limit) const;

 private:
  absl::StatusOr<ReadResult> ReadRows(const ::rocksdb::ReadOptions& options, const PartitionRecord& partition,
                                      const ReadRequest& request) const;
  absl::Status ReadKeys(const ::rocksdb::ReadOptions& options, uint64_t number, const ReadRequest& request,
                        ReadResult& result) const;
  absl::StatusOr<Page> ReadScan(::rocksdb::ReadOptions options, uint64_t number, const Scan& scan) const;

  ::rocksdb::DB* const db_;
  ::rocksdb::ColumnFamilyHandle* const records_;
  PartitionCache& partitions_;
};

// The record of partition `name`, or the one of a partition that never existed. DATA_DAMAGED, ENGINE_UNAVAILABLE.
absl::StatusOr<PartitionRecord> LoadPartition(::rocksdb::DB* db, ::rocksdb::ColumnFamilyHandle* records,
                                              const ::rocksdb::ReadOptions& options, std::string_view name);

}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_ROCKSDB_READER_H_
