// The rows of the store, byte by byte (docs/STORAGE_FORMAT.md, "The engine's rows"). Integers are big-endian, so that
// bytes order as numbers do.
//
//   00                          -> number u64          the next partition number
//   01 name                     -> PartitionRecord     one a partition, for ever
//   02 wake_at_ms u64, name     -> (empty)             one a partition that has a wake time
//   03 number u56, key          -> value               the partition's own rows
//
// A row carries its partition's number instead of its name, so names cost nothing a row. A number is never used twice:
// dropping a partition is one range deletion over its number, and whoever comes after writes under another.
#ifndef LABYRINTH_STORAGE_ROCKSDB_LAYOUT_H_
#define LABYRINTH_STORAGE_ROCKSDB_LAYOUT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "storage/engine.h"

namespace labyrinth::storage {

// Raised when a store written by this code can't be read by the code before it. Kept in the file FORMAT.
inline constexpr uint64_t kRocksdbFormatVersion = 1;

inline constexpr char kRecordsFamily[] = "default";  // RocksDB insists on this name for the first family
inline constexpr char kBlobsFamily[] = "blobs";      // created from the start, so that attachments need no new format

inline constexpr std::size_t kRecordPrefixBytes = 8;

// 32 bytes: number, incarnation, revision, wake time, each u64.
struct PartitionRecord {
  uint64_t number = 0;  // 0: no rows were written since the partition was dropped, or ever
  Position position;
  int64_t wake_at_ms = 0;  // 0: none
  friend bool operator==(const PartitionRecord&, const PartitionRecord&) = default;
};

std::string EncodePartitionRecord(const PartitionRecord& record);
// nullopt unless `bytes` is a record that Encode could have made.
std::optional<PartitionRecord> DecodePartitionRecord(std::string_view bytes);

std::string NextNumberKey();
std::string EncodeNumber(uint64_t number);
std::optional<uint64_t> DecodeNumber(std::string_view bytes);

std::string PartitionKey(std::string_view name);
// The inverse: the name in a key that PartitionKey made.
std::string_view PartitionName(std::string_view key);

std::string WakeKey(int64_t wake_at_ms, std::string_view name);
std::optional<DuePartition> DecodeWakeKey(std::string_view key);

// Every row of partition `number` is in [RecordKey(number), RecordKey(number + 1)).
std::string RecordKey(uint64_t number, std::string_view key = {});

}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_ROCKSDB_LAYOUT_H_
