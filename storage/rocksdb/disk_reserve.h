// Refuses commits before the disk is full: a full disk fails a write halfway, which stops the store for good.
#ifndef LABYRINTH_STORAGE_ROCKSDB_DISK_RESERVE_H_
#define LABYRINTH_STORAGE_ROCKSDB_DISK_RESERVE_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"

namespace labyrinth::storage {

// Asks the file system at most once a second. Thread-compatible.
class DiskReserve {
 public:
  // `path` is on the disk in question; a reserve of 0 turns the check off.
  DiskReserve(std::string path, uint64_t min_free_bytes);

  // False while less than `reserves` times the reserve is free. A file system that can't be asked counts as having
  // room.
  bool HasRoom(uint64_t reserves = 1);
  // False while less than half of the reserve is free.
  bool HasHalf();
  // What is free beyond the reserve; without bound while the check is off.
  uint64_t RoomBytes();

 private:
  void Ask();

  const std::string path_;
  const uint64_t min_free_bytes_;
  absl::Time asked_ = absl::InfinitePast();
  uint64_t free_bytes_ = 0;
};

}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_ROCKSDB_DISK_RESERVE_H_
