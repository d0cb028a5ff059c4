#include "storage/rocksdb/fail_stop.h"

#include <fmt/format.h>

#include <string_view>

namespace labyrinth::storage {
namespace {

std::string_view NameOf(::rocksdb::BackgroundErrorReason reason) {
  switch (reason) {
    case ::rocksdb::BackgroundErrorReason::kFlush:
    case ::rocksdb::BackgroundErrorReason::kFlushNoWAL:
      return "a flush";
    case ::rocksdb::BackgroundErrorReason::kCompaction:
      return "a compaction";
    case ::rocksdb::BackgroundErrorReason::kManifestWrite:
    case ::rocksdb::BackgroundErrorReason::kManifestWriteNoWAL:
      return "a write of the manifest";
    case ::rocksdb::BackgroundErrorReason::kWriteCallback:
    case ::rocksdb::BackgroundErrorReason::kMemTable:
      return "a write";
  }
  return "background work";
}

}  // namespace

void FailStop::Trip(std::string why) {
  absl::MutexLock lock(&mutex_);
  if (health_.ok()) health_ = absl::UnavailableError(why);
}

absl::Status FailStop::Health() const {
  absl::MutexLock lock(&mutex_);
  return health_;
}

void FailStopListener::OnBackgroundError(::rocksdb::BackgroundErrorReason reason, ::rocksdb::Status* status) {
  fail_stop_.Trip(fmt::format("{} failed: {}", NameOf(reason), status->ToString()));
}

}  // namespace labyrinth::storage
