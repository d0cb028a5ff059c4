// The contract's calls, waited for.
#ifndef LABYRINTH_TESTS_CONFORMANCE_ENGINE_CALLS_H_
#define LABYRINTH_TESTS_CONFORMANCE_ENGINE_CALLS_H_

#include <string>
#include <vector>

#include "storage/engine.h"

namespace labyrinth::storage {

absl::StatusOr<ReadResult> ReadNow(Engine& engine, ReadRequest request);
CommitResult CommitNow(Engine& engine, CommitRequest request);
absl::StatusOr<std::vector<DuePartition>> DueNow(Engine& engine, int64_t now_ms, std::size_t limit = 1000);
absl::StatusOr<std::vector<PartitionEntry>> PartitionsNow(Engine& engine, std::string after = "",
                                                          std::size_t limit = 1000);

struct KeyValue {
  std::string key;
  std::string value;
};

// Requests.
CommitRequest Puts(std::string partition, Position expect, std::vector<KeyValue> rows);
CommitRequest Deletes(std::string partition, Position expect, std::vector<std::string> keys);
CommitRequest Wakes(std::string partition, Position expect, int64_t wake_at_ms);
CommitRequest Drop(std::string partition, Position expect);
ReadRequest Gets(std::string partition, std::vector<std::string> keys);
ReadRequest Scans(std::string partition, std::vector<Scan> scans);

// [begin, end) without bounds.
Scan Range(std::string begin, std::string end, Direction direction = Direction::kForward);

// Shorthands that end the test when the engine doesn't answer as it should.
Position MustCommit(Engine& engine, CommitRequest request);
ReadResult MustRead(Engine& engine, ReadRequest request);
Position PositionOf(Engine& engine, const std::string& partition);
// The keys of the page, joined by spaces.
std::string KeysOf(const Page& page);

}  // namespace labyrinth::storage

#endif  // LABYRINTH_TESTS_CONFORMANCE_ENGINE_CALLS_H_
