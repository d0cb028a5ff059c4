// The process that rocksdb_crash_test kills: opens the store PATH, continues the histories of eight partitions, all in
// flight at once, and says on standard output which commits were acknowledged. It ends by being killed, or when nobody
// reads.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <string>

#include "absl/synchronization/notification.h"
#include "storage/rocksdb/rocksdb_engine.h"
#include "tests/conformance/engine/history.h"

namespace labyrinth::storage {
namespace {

// One write call a line, so that a kill can't tear it.
void Say(const std::string& line) {
  if (write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::_Exit(3);
}

void Continue(Engine& engine, const std::string& partition, uint64_t revision) {
  engine.Commit(NextInHistory(partition, revision), [&engine, partition](CommitResult result) {
    if (result.outcome != CommitResult::Outcome::kCommitted) std::_Exit(4);
    Say(fmt::format("{} {}\n", partition, result.position.revision));
    Continue(engine, partition, result.position.revision);
  });
}

int Run(const std::string& path) {
  RocksdbOptions options;
  options.block_cache_bytes = 8 << 20;  // small memtables: flushes happen while it runs
  options.min_free_disk_bytes = 0;
  const auto engine = RocksdbEngine::Open(path, options);
  if (!engine.ok()) {
    fmt::print(stderr, "{}\n", engine.status().ToString());
    return 2;
  }
  std::map<std::string, uint64_t> revisions;
  for (int i = 0; i < 8; ++i) {
    const std::string partition = fmt::format("p{}", i);
    const auto revision = CheckHistory(**engine, partition);
    if (!revision.ok()) {
      fmt::print(stderr, "{}: {}\n", partition, revision.status().ToString());
      return 5;
    }
    revisions[partition] = *revision;
  }
  for (const auto& [partition, revision] : revisions) Continue(**engine, partition, revision);
  absl::Notification().WaitForNotification();
  return 0;
}

}  // namespace
}  // namespace labyrinth::storage

int main(int argc, char** argv) { return argc == 2 ? labyrinth::storage::Run(argv[1]) : 1; }
