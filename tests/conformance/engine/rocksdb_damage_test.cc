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
    CHECK(engine.status().message().find(path) == 0);
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

// The list of tables. RocksDB drops its last record in silence if that is torn, and deletes the tables that it then
// doesn't know: the check before it has to notice.
std::string ManifestOf(const TempDir& store) {
  for (const auto& entry : std::filesystem::directory_iterator(store.path() + "/db")) {
    if (entry.path().filename().string().find("MANIFEST") == 0) return entry.path().string();
  }
  FAIL("no manifest");
  return "";
}

TEST_CASE("a manifest that is damaged or cut anywhere is found, or does no harm") {
  constexpr uint64_t kCommits = 10;
  const TempDir store = ClosedStore(kCommits);
  const std::string manifest = ReadFile(ManifestOf(store));
  REQUIRE(manifest.size() > 100);
  int refused = 0;
  for (std::size_t at = 0; at < manifest.size(); at += 9) {
    INFO("at " << at << " of " << manifest.size());
    const TempDir flipped = CopyOf(store.path());
    FlipBit(ManifestOf(flipped), at);
    refused += OpenAndCheck(flipped.path(), kCommits) == Found::kRefused;
    const TempDir cut = CopyOf(store.path());
    WriteFile(ManifestOf(cut), manifest.substr(0, at));
    refused += OpenAndCheck(cut.path(), kCommits) == Found::kRefused;
  }
  CHECK(refused > static_cast<int>(manifest.size() / 9));
}

TEST_CASE("a damaged CURRENT stops the start") {
  const TempDir store = ClosedStore(10);
  const std::string current = ReadFile(store.path() + "/db/CURRENT");
  for (const std::string& damaged :
       {std::string(), current.substr(0, 5), "MANIFEST-999999\n" + std::string(), std::string(16, '\0')}) {
    const TempDir copy = CopyOf(store.path());
    WriteFile(copy.path() + "/db/CURRENT", damaged);
    CHECK(OpenAndCheck(copy.path(), 10) == Found::kRefused);
  }
}

TEST_CASE("a missing table stops the start") {
  const TempDir store = ClosedStore(20);
  std::filesystem::remove(FilesOf(store.path(), ".sst")[0]);
  CHECK(OpenAndCheck(store.path(), 20) == Found::kRefused);
}

}  // namespace
}  // namespace labyrinth::storage
