#include "storage/rocksdb/disk_reserve.h"

#include <sys/statvfs.h>

#include <utility>

#include "absl/time/clock.h"

namespace labyrinth::storage {

DiskReserve::DiskReserve(std::string path, uint64_t min_free_bytes)
    : path_(std::move(path)), min_free_bytes_(min_free_bytes) {}

bool DiskReserve::HasRoom() {
  if (min_free_bytes_ == 0) return true;
  const absl::Time now = absl::Now();
  // Also after the clock stepped back.
  if (now >= asked_ && now - asked_ < absl::Seconds(1)) return has_room_;
  asked_ = now;
  struct statvfs stats;
  has_room_ = statvfs(path_.c_str(), &stats) != 0 || stats.f_bavail >= min_free_bytes_ / stats.f_frsize;
  return has_room_;
}

}  // namespace labyrinth::storage
