// A partition whose content follows from its revision, so that after any accident a look says what is missing.
#ifndef LABYRINTH_TESTS_CONFORMANCE_ENGINE_HISTORY_H_
#define LABYRINTH_TESTS_CONFORMANCE_ENGINE_HISTORY_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "storage/engine.h"

namespace labyrinth::storage {

// The commit that brings `partition` from `revision` to the next: two rows of that revision's own, of sizes between a
// few bytes and tens of kilobytes, and one row that every commit replaces.
CommitRequest NextInHistory(const std::string& partition, uint64_t revision);

// Reads all of `partition` and compares it with the history up to its revision, which is returned. INTERNAL if anything
// is missing, different or too much; an error of the engine as it is.
absl::StatusOr<uint64_t> CheckHistory(Engine& engine, const std::string& partition);

// Commits until the partition is at `revision`, one at a time.
void WriteHistory(Engine& engine, const std::string& partition, uint64_t revision);

}  // namespace labyrinth::storage

#endif  // LABYRINTH_TESTS_CONFORMANCE_ENGINE_HISTORY_H_
