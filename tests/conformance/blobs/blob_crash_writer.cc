// The process that rocksdb_crash_test kills: opens the store PATH, continues the uploads of four blobs, deleting each
// when it is complete and beginning it anew, and says on standard output what was acknowledged. It ends by being
// killed, or when nobody reads.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "absl/synchronization/notification.h"
#include "storage/rocksdb/rocksdb_engine.h"
#include "tests/conformance/blobs/crash_plan.h"

namespace labyrinth::storage {
namespace {

// One write call a line, so that a kill can't tear it.
void Say(uint64_t blob, uint64_t committed_bytes) {
  const std::string line = fmt::format("{} {}\n", blob, committed_bytes);
  if (write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::_Exit(3);
}

void Continue(BlobStore& blobs, uint64_t blob, uint64_t committed_bytes) {
  if (committed_bytes == kPlannedBytes) {
    blobs.Delete(PlannedName(blob), absl::InfiniteFuture(), [&blobs, blob](absl::Status status) {
      if (!status.ok()) std::_Exit(4);
      Say(blob, 0);
      Continue(blobs, blob, 0);
    });
    return;
  }
  std::string chunk = PlannedChunk(blob, committed_bytes);
  const uint64_t next = committed_bytes + chunk.size();
  blobs.PutChunk(PlannedName(blob), committed_bytes, std::move(chunk), absl::InfiniteFuture(),
                 [&blobs, blob, next](absl::Status status) {
                   if (!status.ok()) std::_Exit(4);
                   Say(blob, next);
                   Continue(blobs, blob, next);
                 });
}

int Run(const std::string& path) {
  RocksdbOptions options;
  options.block_cache_bytes = 8 << 20;  // small memtables: flushes happen while it runs
  options.min_free_disk_bytes = 0;
  options.erase_blobs_within_seconds = 10;  // and passes of erasure
  const auto engine = RocksdbEngine::Open(path, options);
  if (!engine.ok()) {
    fmt::print(stderr, "{}\n", engine.status().ToString());
    return 2;
  }
  BlobStore& blobs = (*engine)->blobs();
  for (uint64_t blob = 0; blob < kPlannedBlobs; ++blob) {
    blobs.Stat(PlannedName(blob), absl::InfiniteFuture(), [&blobs, blob](absl::StatusOr<uint64_t> committed) {
      if (!committed.ok()) std::_Exit(5);
      Continue(blobs, blob, *committed);
    });
  }
  absl::Notification().WaitForNotification();
  return 0;
}

}  // namespace
}  // namespace labyrinth::storage

int main(int argc, char** argv) { return argc == 2 ? labyrinth::storage::Run(argv[1]) : 1; }
