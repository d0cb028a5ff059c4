// Every target over its seeds and its committed corpus, and over seeded mutations of both: what fits into a normal run.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/mutate.h"

namespace labyrinth::fuzz {
namespace {

constexpr int kMutationsPerInput = 50;
constexpr uint64_t kSeed = 20240117;

const std::filesystem::path kCorpus = "tests/fuzz/corpus";

std::vector<std::string> CommittedInputs(std::string_view target) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(kCorpus / target)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());  // the same order on every file system
  std::vector<std::string> inputs;
  for (const auto& file : files) {
    std::ifstream stream(file, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
  }
  return inputs;
}

// Whether some mutation of the target's seeds aborts: in a child process, which may.
bool MutationsAbort(const FuzzTarget& target, int rounds) {
  const pid_t child = fork();
  if (child == 0) {
    (void)!freopen("/dev/null", "w", stderr);
    signal(SIGABRT, SIG_DFL);
    std::mt19937_64 random(kSeed);
    for (int round = 0; round < rounds; ++round) {
      for (const std::string& seed : target.seeds()) target.run(Mutate(seed, random));
    }
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

TEST_CASE("every target holds over its seeds, its corpus and their mutations") {
  for (const FuzzTarget& target : AllTargets()) {
    DYNAMIC_SECTION(target.name) {
      std::vector<std::string> inputs = target.seeds();
      REQUIRE_FALSE(inputs.empty());
      const auto committed = CommittedInputs(target.name);
      REQUIRE_FALSE(committed.empty());
      inputs.insert(inputs.end(), committed.begin(), committed.end());
      inputs.emplace_back();
      CAPTURE(kSeed);
      std::mt19937_64 random(kSeed);
      for (const std::string& input : inputs) {
        target.run(input);
        for (int i = 0; i < kMutationsPerInput; ++i) target.run(Mutate(input, random));
      }
      SUCCEED();
    }
  }
}

TEST_CASE("the mutations find a planted bug, and none in its absence") {
  CHECK(MutationsAbort(Canary(), 100'000));
  CHECK_FALSE(MutationsAbort({"none", Canary().seeds, [](std::string_view) {}}, 1'000));
}

TEST_CASE("every corpus belongs to a target, and names are unique") {
  std::set<std::string> names;
  for (const FuzzTarget& target : AllTargets()) CHECK(names.insert(std::string(target.name)).second);
  for (const auto& entry : std::filesystem::directory_iterator(kCorpus)) {
    CHECK(names.contains(entry.path().filename().string()));
  }
}

}  // namespace
}  // namespace labyrinth::fuzz
