// kill -9 under load: what was acknowledged is there.
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "tests/conformance/engine/history.h"
#include "tests/conformance/engine/store_on_disk.h"

namespace labyrinth::storage {
namespace {

using Acknowledged = std::map<std::string, uint64_t>;

// Runs a writer on the store, kills it when it has acknowledged `acks` commits, and notes the last one acknowledged of
// each partition, those that were still in the pipe included.
void WriteUntilKilled(const std::string& path, int acks, Acknowledged& acknowledged) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_addclose(&actions, ends[0]);
  std::string program = "tests/conformance/engine/crash_writer";
  std::string argument = path;
  char* argv[] = {program.data(), argument.data(), nullptr};
  pid_t pid = 0;
  const int spawned = posix_spawn(&pid, program.c_str(), &actions, nullptr, argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  REQUIRE(spawned == 0);

  FILE* const lines = fdopen(ends[0], "r");
  char name[16];
  unsigned long revision = 0;
  for (int seen = 0; fscanf(lines, "%15s %lu\n", name, &revision) == 2; ++seen) {
    acknowledged[name] = revision;
    if (seen == acks) kill(pid, SIGKILL);
  }
  fclose(lines);
  int status = 0;
  REQUIRE(waitpid(pid, &status, 0) == pid);
  REQUIRE(WIFSIGNALED(status));
}

TEST_CASE("after kill -9 under load every acknowledged commit is there, whole, round after round") {
  constexpr uint64_t kSeed = 20240611;
  INFO("seed " << kSeed);
  std::mt19937_64 random(kSeed);
  const TempDir dir;
  Acknowledged acknowledged;
  uint64_t before = 0;
  for (int round = 0; round < 6; ++round) {
    WriteUntilKilled(dir.path(), 200 + static_cast<int>(random() % 1500), acknowledged);
    REQUIRE(acknowledged.size() == 8);
    // Every other round the next writer recovers by itself, and meets what the crash left of the one before.
    if (round % 2 == 0) continue;
    const auto engine = MustOpen(dir.path());
    uint64_t total = 0;
    for (const auto& [partition, revision] : acknowledged) {
      const auto found = CheckHistory(*engine, partition);
      INFO("round " << round << ", " << partition << ": " << found.status().ToString());
      REQUIRE(found.ok());
      // One in flight a partition: at most one more than was acknowledged.
      CHECK(*found >= revision);
      CHECK(*found <= revision + 1);
      total += *found;
    }
    CHECK(total > before);
    before = total;
  }
}

}  // namespace
}  // namespace labyrinth::storage
