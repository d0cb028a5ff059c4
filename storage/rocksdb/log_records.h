// RocksDB's log format, which its write-ahead log and its manifest share, read from outside.
#ifndef LABYRINTH_STORAGE_ROCKSDB_LOG_RECORDS_H_
#define LABYRINTH_STORAGE_ROCKSDB_LOG_RECORDS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"

namespace labyrinth::storage {

// Visitors see this much of a record's beginning, which is all that the checks need.
inline constexpr std::size_t kLogHeadBytes = 128;

struct LogWalk {
  bool stopped = false;       // by the visitor
  bool torn = false;          // bytes that are no whole record follow the last one
  uint64_t intact_bytes = 0;  // where the last whole record ends
};

// Calls `visit` for each intact record of the file, in order, until it returns false. `after_damage` says that bytes
// which are no record lie between this one and the one before. Knows whole and split records, not recycled or
// compressed ones (tuning.cc turns neither on). DATA_LOSS, with a line for the operator, if the file can't be read.
absl::StatusOr<LogWalk> WalkLog(const std::string& file,
                                absl::FunctionRef<bool(std::string_view head, bool after_damage)> visit);

}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_ROCKSDB_LOG_RECORDS_H_
