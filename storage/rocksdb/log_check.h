// Tells a torn tail from a lost commit, before RocksDB replays its logs.
//
// A power cut may leave the last record of a log half there: it was never acknowledged and has to be dropped without
// ado. Damage anywhere else has eaten an acknowledged commit and has to stop the start. None of RocksDB's recovery
// modes draws that line: the tolerant ones drop what follows the damage in silence, the strict ones refuse a store
// after an honest power cut. Two facts draw it:
//
//   - Only one thread writes, and it never begins a write before the last one was synced. So a write that has anything
//     intact after it was acknowledged. RocksDB numbers writes without gaps: where an intact write doesn't continue the
//     numbers, one before it is gone.
//   - A log file is deleted only after the manifest says, synced, that its writes are in tables. So the manifest must
//     know of every number before the first one in the logs. RocksDB itself looks at a manifest's last record alone:
//     cut short it takes it for one that was being written, and deletes the tables that it then doesn't know; whole
//     with a hole in it, which a power cut leaves as well, it refuses. Logs that it is done with say nothing: it
//     deletes the newest of several first, so one that a crash left behind may stand alone.
//
// What this can't tell: damage to the very last write before a crash looks like a torn tail. (The last write of a clean
// stop holds nothing.)
#ifndef LABYRINTH_STORAGE_ROCKSDB_LOG_CHECK_H_
#define LABYRINTH_STORAGE_ROCKSDB_LOG_CHECK_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace labyrinth::storage {

struct LogSummary {
  uint64_t writes = 0;         // intact ones in the write-ahead log
  uint64_t last_sequence = 0;  // the highest number in the manifest or the log
  bool torn = false;           // an incomplete write follows

  // Bytes that are no whole record end the manifest. What they should have said, the logs still hold; RocksDB opens the
  // store once the file ends where its last whole record does.
  bool manifest_torn = false;
  std::string manifest;  // its path
  uint64_t manifest_intact_bytes = 0;
};

// Reads the manifest and every write-ahead log (*.log) of `db_dir`. DATA_LOSS, with a line for the operator, if one is
// missing or can't be read, or an acknowledged write is gone. `may_lack_log`: of a copy of a backup, whose checked list
// of files says what there was; an empty log isn't copied.
absl::StatusOr<LogSummary> CheckLogs(const std::string& db_dir, bool may_lack_log = false);

}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_ROCKSDB_LOG_CHECK_H_
