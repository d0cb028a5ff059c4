#include "storage/rocksdb/tuning.h"

#include <rocksdb/cache.h>
#include <rocksdb/file_checksum.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/perf_level.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/table_properties_collectors.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>
#include <chrono>

namespace labyrinth::storage {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

std::shared_ptr<::rocksdb::Cache> MakeCache(const RocksdbOptions& options) {
  ::rocksdb::LRUCacheOptions cache;
  cache.capacity = options.block_cache_bytes;
  cache.high_pri_pool_ratio = 0.5;  // indexes and filters outlive a scan through old messages
  return ::rocksdb::NewLRUCache(cache);
}

::rocksdb::BlockBasedTableOptions MakeTable(std::shared_ptr<::rocksdb::Cache> cache) {
  ::rocksdb::BlockBasedTableOptions table;
  table.block_cache = std::move(cache);
  table.block_size = 16 * 1024;  // about 15 messages: a page touches a few blocks, and their index stays small
  table.checksum = ::rocksdb::kXXH3;
  table.format_version = 5;
  // In the cache and in parts, so that memory is bounded however large the store grows.
  table.cache_index_and_filter_blocks = true;
  table.cache_index_and_filter_blocks_with_high_priority = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.index_type = ::rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  table.partition_filters = true;
  // Most look-ups are for a message id that isn't there yet. Ribbon takes a third less room than bloom and more time to
  // build, so fresh files (level 0) have bloom.
  table.filter_policy.reset(::rocksdb::NewRibbonFilterPolicy(10, /*bloom_before_level=*/1));
  table.optimize_filters_for_memory = true;
  return table;
}

::rocksdb::ColumnFamilyOptions MakeFamily(const RocksdbOptions& options,
                                          const ::rocksdb::BlockBasedTableOptions& table) {
  ::rocksdb::ColumnFamilyOptions family;
  family.table_factory.reset(::rocksdb::NewBlockBasedTableFactory(table));
  // Most look-ups of a save are for a message id that isn't there yet: a filter spares them the search of the memtable.
  family.memtable_whole_key_filtering = true;
  family.memtable_prefix_bloom_size_ratio = 0.02;
  family.write_buffer_size = std::clamp(options.block_cache_bytes / 8, 4 * kMiB, 64 * kMiB);
  family.level_compaction_dynamic_level_bytes = true;  // about a tenth of the store is garbage, not a third
  family.ttl = options.rewrite_after_seconds;
  // A wake index is a queue: its head fills with deletions that every Due would step over.
  family.table_properties_collector_factories.push_back(
      ::rocksdb::NewCompactOnDeletionCollectorFactory(/*sliding_window_size=*/4096, /*deletion_trigger=*/2048));
  // No compaction filter: in 7.8 they ignore snapshots. No blob files: at 1 KiB a value they cost a fifth of the page
  // rate and 7% of the disk. No prefix extractor: reads carry iterator bounds.
  return family;
}

}  // namespace

RocksdbTuning MakeTuning(const RocksdbOptions& options, std::shared_ptr<::rocksdb::EventListener> listener) {
  const auto cache = MakeCache(options);
  RocksdbTuning tuning;
  ::rocksdb::DBOptions& db = tuning.db;
  if (options.env != nullptr) db.env = options.env;
  db.paranoid_checks = true;
  db.listeners.push_back(std::move(listener));
  // The manifest remembers a checksum of each table as a whole: those of blocks leave some bytes out.
  db.file_checksum_gen_factory = ::rocksdb::GetFileChecksumGenCrc32cFactory();

  // Recovery. An unacknowledged torn tail is dropped; CheckLogs has already refused any other damage, and Open compares
  // how far the replay came. Logs are never recycled: a recycled one ends in old writes that are intact.
  db.wal_recovery_mode = ::rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  db.recycle_log_file_num = 0;
  db.wal_compression = ::rocksdb::kNoCompression;
  db.track_and_verify_wals_in_manifest = true;  // a deleted log file is noticed
  db.max_total_wal_size = 128 * kMiB;           // what a start after a crash has to replay
  db.avoid_flush_during_shutdown = false;

  // Fail stop: RocksDB would otherwise resume by itself after errors that it takes for passing ones.
  db.max_bgerror_resume_count = 0;

  // Memory and files.
  db.write_buffer_manager =
      std::make_shared<::rocksdb::WriteBufferManager>(std::max(options.block_cache_bytes / 4, 8 * kMiB), cache);
  db.max_open_files = 512;
  db.max_background_jobs = 2;
  db.bytes_per_sync = kMiB;  // a flush or compaction trickles out instead of delaying the log's next sync
  db.compaction_readahead_size = 2 * kMiB;

  // RocksDB's own log, for the operator: no keys in it, bounded.
  db.allow_data_in_errors = false;
  db.info_log_level = ::rocksdb::WARN_LEVEL;
  db.max_log_file_size = 4 * kMiB;
  db.keep_log_file_num = 4;

  const ::rocksdb::BlockBasedTableOptions table = MakeTable(cache);
  tuning.records = MakeFamily(options, table);
  // Blocks of ciphertext don't shrink and are kept as they are; blocks of index rows do. Measured at 1 KiB a message:
  // 4% of the disk, for no more time in compaction and the same page rate.
  tuning.records.compression = ::rocksdb::kLZ4Compression;
  tuning.blobs = MakeFamily(options, table);
  tuning.blobs.compression = ::rocksdb::kNoCompression;
  // Chunks go to blob files, so that merging tables moves references of a few bytes. Ordinary compactions leave the
  // chunks where they are: names are random, so each would rewrite chunks all over the store. BlobEraser does it.
  tuning.blobs.enable_blob_files = true;
  tuning.blobs.min_blob_size = 16 * 1024;
  tuning.blobs.blob_file_size = 64 * kMiB;
  tuning.blobs.blob_compression_type = ::rocksdb::kNoCompression;
  tuning.blobs.enable_blob_garbage_collection = false;
  return tuning;
}

void LeaveOutCounts() { ::rocksdb::SetPerfLevel(::rocksdb::PerfLevel::kDisable); }

::rocksdb::WriteOptions SyncedWrite() {
  ::rocksdb::WriteOptions write;
  write.sync = true;
  return write;
}

::rocksdb::ReadOptions CheckedRead(absl::Time deadline) {
  ::rocksdb::ReadOptions options;
  options.verify_checksums = true;
  if (deadline != absl::InfiniteFuture()) options.deadline = std::chrono::microseconds(absl::ToUnixMicros(deadline));
  return options;
}

}  // namespace labyrinth::storage
