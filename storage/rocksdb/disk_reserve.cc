#include "storage/rocksdb/disk_reserve.h"

#include <sys/statvfs.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/time/clock.h"

namespace labyrinth::storage {

DiskReserve::DiskReserve(std::string path, uint64_t min_free_bytes)
    : path_(std::move(path)), min_free_bytes_(min_free_bytes) {}

bool DiskReserve::HasRoom(uint64_t reserves) {
  if (min_free_bytes_ == 0) return true;
  Ask();
  return free_bytes_ / reserves >= min_free_bytes_;
}

bool DiskReserve::HasHalf() {
  if (min_free_bytes_ == 0) return true;
  Ask();
  return free_bytes_ >= min_free_bytes_ / 2;
}

uint64_t DiskReserve::RoomBytes() {
  if (min_free_bytes_ == 0) return std::numeric_limits<uint64_t>::max();
  Ask();
  return free_bytes_ - std::min(free_bytes_, min_free_bytes_);
}

void DiskReserve::Ask() {
  const absl::Time now = absl::Now();
  // Also after the clock stepped back.
  if (now >= asked_ && now - asked_ < absl::Seconds(1)) return;
  asked_ = now;
  struct statvfs stats;
  const bool known = statvfs(path_.c_str(), &stats) == 0;
  free_bytes_ = known ? uint64_t{stats.f_bavail} * stats.f_frsize : std::numeric_limits<uint64_t>::max();
}

}  // namespace labyrinth::storage
