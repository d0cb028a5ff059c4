// Tells a torn tail from a lost commit, before RocksDB replays its write-ahead log.
//
// A power cut may leave the last write of the log half there: it was never acknowledged and has to be dropped without
// ado. Damage anywhere before it has eaten an acknowledged commit and has to stop the start. None of RocksDB's recovery
// modes draws that line: the tolerant ones drop what follows the damage in silence, the strict ones refuse a store
// after an honest power cut. One fact draws it: only one thread writes, and it never begins a write before the last one
// was synced. So a write that has anything intact after it was acknowledged. RocksDB numbers writes without gaps; if an
// intact one doesn't continue the numbers, one before it is gone.
//
// What this can't tell: damage to the very last write before a crash looks like a torn tail. (A clean stop leaves the
// log empty.)
#ifndef LABYRINTH_STORAGE_ROCKSDB_WAL_CHECK_H_
#define LABYRINTH_STORAGE_ROCKSDB_WAL_CHECK_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace labyrinth::storage {

struct WalSummary {
  uint64_t writes = 0;         // intact ones
  uint64_t last_sequence = 0;  // of the last intact write; 0 if there is none
  bool torn = false;           // an incomplete write follows
};

// Reads every log file (*.log) of `db_dir` in order. DATA_LOSS, with a line for the operator, if there is no log file
// at all, or one can't be read, or an acknowledged write is missing. Knows the log format of RocksDB without recycled
// logs and without log compression (tuning.cc turns neither on).
absl::StatusOr<WalSummary> CheckWals(const std::string& db_dir);

}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_ROCKSDB_WAL_CHECK_H_
