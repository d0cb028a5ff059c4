// kill -9 in the middle of uploads: what was acknowledged is there, and nothing else but the chunk in flight.
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "tests/conformance/blobs/calls.h"
#include "tests/conformance/blobs/crash_plan.h"
#include "tests/conformance/engine/store_on_disk.h"

namespace labyrinth::storage {
namespace {

// Runs a writer on the store, kills it when it has acknowledged `acks` changes, and returns the last one acknowledged
// of each blob, those that were still in the pipe included.
std::map<uint64_t, uint64_t> WriteUntilKilled(const std::string& path, int acks) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addclose(&actions, ends[0]);
  std::string program = "tests/conformance/blobs/blob_crash_writer";
  std::string argument = path;
  char* argv[] = {program.data(), argument.data(), nullptr};
  pid_t pid = 0;
  const int spawned = posix_spawn(&pid, program.c_str(), &actions, nullptr, argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  REQUIRE(spawned == 0);

  std::map<uint64_t, uint64_t> acknowledged;
  FILE* const lines = fdopen(ends[0], "r");
  unsigned long blob = 0, committed_bytes = 0;
  for (int seen = 0; fscanf(lines, "%lu %lu\n", &blob, &committed_bytes) == 2; ++seen) {
    acknowledged[blob] = committed_bytes;
    if (seen == acks) kill(pid, SIGKILL);
  }
  fclose(lines);
  int status = 0;
  REQUIRE(waitpid(pid, &status, 0) == pid);
  REQUIRE(WIFSIGNALED(status));
  return acknowledged;
}

TEST_CASE("after kill -9 in mid-upload every acknowledged chunk and deletion is there, round after round") {
  constexpr uint64_t kSeed = 20241123;
  INFO("seed " << kSeed);
  std::mt19937_64 random(kSeed);
  const TempDir dir;
  for (int round = 0; round < 5; ++round) {
    const auto acknowledged = WriteUntilKilled(dir.path(), 30 + static_cast<int>(random() % 150));
    REQUIRE(acknowledged.size() == kPlannedBlobs);
    const auto engine = MustOpen(dir.path());
    for (const auto& [blob, committed_bytes] : acknowledged) {
      INFO("round " << round << ", blob " << blob);
      const uint64_t found = StatNow(engine->blobs(), PlannedName(blob)).value();
      // One call in flight: the next chunk, or the deletion of what is complete.
      const bool complete = committed_bytes == kPlannedBytes;
      const uint64_t next = complete ? 0 : committed_bytes + PlannedChunk(blob, committed_bytes).size();
      CHECK((found == committed_bytes || found == next));
      std::string expected;
      while (expected.size() < found) expected += PlannedChunk(blob, expected.size());
      CHECK((MustReadAll(engine->blobs(), PlannedName(blob)) == expected));
    }
  }
}

}  // namespace
}  // namespace labyrinth::storage
