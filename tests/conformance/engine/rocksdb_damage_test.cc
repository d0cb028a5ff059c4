// Bits that flip on the disk: DATA_DAMAGED, or a refusal to start, and never wrong bytes.
#include <catch2/catch.hpp>
#include <filesystem>
#include <random>

#include "common/errors.h"
#include "tests/conformance/engine/calls.h"
#include "tests/conformance/engine/history.h"
#include "tests/conformance/engine/store_on_disk.h"

namespace labyrinth::storage {
namespace {

enum class Found { kIntact, kDamaged, kRefused };

Found OpenAndCheck(const std::string& path, uint64_t commits) {
  const auto engine = RocksdbEngine::Open(path, TestOptions());
  if (!engine.ok()) {
    INFO(engine.status().ToString());
    CHECK(std::string(engine.status().message()).find(path) == 0);
    return Found::kRefused;
  }
  const auto revision = CheckHistory(**engine, "p");
  if (revision.ok()) {
    CHECK(*revision == commits);
    return Found::kIntact;
  }
  INFO(revision.status().ToString());
  CHECK(ReasonOf(revision.status()) == Reason::kDataDamaged);
  return Found::kDamaged;
}

TempDir ClosedStore(uint64_t commits) {
  TempDir dir;
  WriteHistory(*MustOpen(dir.path()), "p", commits);
  return dir;
}

TEST_CASE("a bit flipped in a table is found, wherever it is") {
  constexpr uint64_t kCommits = 40, kSeed = 4;
  INFO("seed " << kSeed);
  std::mt19937_64 random(kSeed);
  const TempDir store = ClosedStore(kCommits);
  REQUIRE(FilesOf(store.path(), ".sst").size() == 1);
  const std::size_t size = ReadFile(FilesOf(store.path(), ".sst")[0]).size();
  int damaged = 0, refused = 0;
  for (int i = 0; i < 60; ++i) {
    const TempDir copy = CopyOf(store.path());
    // Half of them near the end, where indexes, filters and the footer are.
    const uint64_t offset = i % 2 == 0 ? random() % size : size - 1 - random() % 3'000;
    INFO("bit at " << offset << " of " << size);
    FlipBit(FilesOf(copy.path(), ".sst")[0], offset);
    const Found found = OpenAndCheck(copy.path(), kCommits);
    damaged += found == Found::kDamaged;
    refused += found == Found::kRefused;
  }
  INFO("damaged " << damaged << ", refused " << refused);
  CHECK(damaged >= 25);
  CHECK(refused >= 5);
}

TEST_CASE("a bit flipped in the manifest or in CURRENT is found, or does no harm") {
  constexpr uint64_t kCommits = 40;
  const TempDir store = ClosedStore(kCommits);
  std::string manifest;
  for (const auto& entry : std::filesystem::directory_iterator(store.path() + "/db")) {
    const std::string name = entry.path().filename().string();
    if (name.find("MANIFEST") == 0) manifest = "/db/" + name;
  }
  REQUIRE(!manifest.empty());
  int refused = 0;
  for (const std::string& file : {manifest, std::string("/db/CURRENT")}) {
    const std::size_t size = ReadFile(store.path() + file).size();
    for (std::size_t offset = 0; offset < size; offset += 1 + size / 50) {
      const TempDir copy = CopyOf(store.path());
      INFO(file << ", bit at " << offset << " of " << size);
      FlipBit(copy.path() + file, offset);
      refused += OpenAndCheck(copy.path(), kCommits) == Found::kRefused;
    }
  }
  CHECK(refused > 50);
}

TEST_CASE("a missing table stops the start") {
  const TempDir store = ClosedStore(20);
  std::filesystem::remove(FilesOf(store.path(), ".sst")[0]);
  CHECK(OpenAndCheck(store.path(), 20) == Found::kRefused);
}

}  // namespace
}  // namespace labyrinth::storage
