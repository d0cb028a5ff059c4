// The write-ahead log after an accident: a torn tail is dropped, anything else that is missing stops the start.
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <random>
#include <thread>

#include "storage/rocksdb/log_check.h"
#include "tests/conformance/engine/calls.h"
#include "tests/conformance/engine/history.h"
#include "tests/conformance/engine/store_on_disk.h"

namespace labyrinth::storage {
namespace {

constexpr uint64_t kCommits = 40;

// What a crash leaves after kCommits commits, all of them in the log.
TempDir CrashedStore() {
  const TempDir dir;
  const auto engine = MustOpen(dir.path());
  WriteHistory(*engine, "p", kCommits);
  return CopyOf(dir.path());
}

std::string LogOf(const TempDir& store) {
  const auto logs = FilesOf(store.path(), ".log");
  REQUIRE(!logs.empty());
  return logs.back();
}

// The revision that a copy of the store opens with after `hurt` was done to its log; nullopt if it is refused.
template <typename Hurt>
std::optional<uint64_t> OpenHurt(const TempDir& store, Hurt hurt) {
  const TempDir copy = CopyOf(store.path());
  hurt(LogOf(copy));
  const auto engine = RocksdbEngine::Open(copy.path(), TestOptions());
  if (!engine.ok()) {
    INFO(engine.status().ToString());
    CHECK(engine.status().code() == absl::StatusCode::kDataLoss);
    CHECK(std::string(engine.status().message()).find(copy.path()) == 0);
    CHECK(std::string(engine.status().message()).find("restore a backup") != std::string::npos);
    return std::nullopt;
  }
  const auto revision = CheckHistory(**engine, "p");
  INFO(revision.status().ToString());
  REQUIRE(revision.ok());
  return *revision;
}

TEST_CASE("a crash loses nothing, and a second one during recovery neither") {
  const TempDir store = CrashedStore();
  const auto logs = CheckLogs(store.path() + "/db");
  REQUIRE(logs.ok());
  CHECK(logs->writes >= kCommits);
  CHECK_FALSE(logs->torn);
  CHECK(OpenHurt(store, [](const std::string&) {}) == kCommits);

  // Opened, not yet closed, and copied again: with a log that earlier logs may still lie beside.
  TempDir again = CopyOf(store.path());
  for (uint64_t round = 1; round <= 3; ++round) {
    auto engine = MustOpen(again.path());
    CHECK_FALSE(engine->recovered_torn_write());
    CHECK(CheckHistory(*engine, "p").value() == kCommits + round - 1);
    WriteHistory(*engine, "p", kCommits + round);
    TempDir crashed = CopyOf(again.path());
    engine.reset();
    again = std::move(crashed);
  }
  CHECK(CheckHistory(*MustOpen(again.path()), "p").value() == kCommits + 3);
}

TEST_CASE("a log that was done with and that a crash left behind is no gap") {
  const TempDir dir;
  const auto engine = MustOpen(dir.path());
  // Of two such logs RocksDB deletes the newer one first; then the process is killed.
  WriteHistory(*engine, "p", 10);
  const std::string name = std::filesystem::path(LogOf(dir)).filename().string();
  const std::string left_behind = ReadFile(LogOf(dir));
  for (uint64_t logs = 1; logs <= 2; ++logs) {
    REQUIRE(engine->EraseDeletedBlobs().ok());  // writes everything out of the log, into a new one
    WriteHistory(*engine, "p", 10 + 10 * logs);
  }
  // RocksDB deletes on a thread of its own.
  for (int i = 0; i < 1000 && FilesOf(dir.path(), ".log").size() > 1; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  REQUIRE(FilesOf(dir.path(), ".log").size() == 1);
  const TempDir crashed = CopyOf(dir.path());
  REQUIRE(std::filesystem::path(LogOf(crashed)).filename().string() != name);
  WriteFile(crashed.path() + "/db/" + name, left_behind);
  CHECK(OpenHurt(crashed, [](const std::string&) {}) == 30);
  // Control: what the newest one lacks is still missed.
  CHECK(OpenHurt(crashed, [](const std::string& log) { FlipBit(log, 40); }) == std::nullopt);
}

TEST_CASE("a manifest whose last record a power cut tore loses nothing") {
  const TempDir dir;
  const auto engine = MustOpen(dir.path());
  WriteHistory(*engine, "p", kCommits);
  const TempDir before = CopyOf(dir.path());
  REQUIRE(engine->EraseDeletedBlobs().ok());  // writes the log out into a table, which the manifest then lists
  const TempDir after = CopyOf(dir.path());
  const std::string manifest = ManifestOf(after);
  const std::string bytes = ReadFile(manifest);
  const std::size_t synced = ReadFile(ManifestOf(before)).size();
  REQUIRE(bytes.size() > synced + 100);
  // The power went off before that was synced, so the log wasn't deleted yet.
  const std::string log = std::filesystem::path(LogOf(before)).filename().string();
  const auto opens = [&](const std::string& torn) {
    const TempDir copy = CopyOf(after.path());
    WriteFile(copy.path() + "/db/" + log, ReadFile(LogOf(before)));
    WriteFile(ManifestOf(copy), torn);
    for (int start = 0; start < 2; ++start) {
      const auto opened = RocksdbEngine::Open(copy.path(), TestOptions());
      INFO(opened.status().ToString());
      REQUIRE(opened.ok());
      CHECK(CheckHistory(**opened, "p").value() == kCommits);
    }
  };
  for (std::size_t at = synced; at < bytes.size(); at += 11) {
    INFO("torn at " << at << " of " << synced << " to " << bytes.size());
    const std::string whole = bytes.substr(0, at);
    opens(whole);
    opens(whole + std::string(bytes.size() - at, '\0'));
    opens(whole + std::string(bytes.size() - at, '\xa5'));
  }
}

TEST_CASE("a log cut anywhere opens with what is whole") {
  const TempDir store = CrashedStore();
  const std::string bytes = ReadFile(LogOf(store));
  constexpr uint64_t kSeed = 1;
  INFO("seed " << kSeed);
  std::mt19937_64 random(kSeed);
  std::vector<std::size_t> cuts = {0, 1, 6, 7, 8, 32767, 32768, 32769, bytes.size() - 1, bytes.size()};
  for (int i = 0; i < 15; ++i) cuts.push_back(random() % bytes.size());
  std::sort(cuts.begin(), cuts.end());
  uint64_t last = 0;
  for (const std::size_t cut : cuts) {
    INFO("cut at " << cut << " of " << bytes.size());
    const auto revision = OpenHurt(store, [&](const std::string& log) { WriteFile(log, bytes.substr(0, cut)); });
    REQUIRE(revision.has_value());
    CHECK(*revision >= last);
    last = *revision;
  }
  CHECK(last == kCommits);
}

TEST_CASE("a torn tail is said, dropped, and gone for good") {
  const TempDir store = CrashedStore();
  const std::string bytes = ReadFile(LogOf(store));
  WriteFile(LogOf(store), bytes.substr(0, bytes.size() - 3));
  {
    const auto engine = MustOpen(store.path());
    CHECK(engine->recovered_torn_write());
    CHECK(CheckHistory(*engine, "p").value() == kCommits - 1);
    WriteHistory(*engine, "p", kCommits + 5);
    // The old log may still be there: it is no damage, for the numbers go on.
    const TempDir crashed = CopyOf(store.path());
    WriteFile(crashed.path() + "/db/000001.log", bytes.substr(0, bytes.size() - 3));
    CHECK(CheckHistory(*MustOpen(crashed.path()), "p").value() == kCommits + 5);
  }
  const auto engine = MustOpen(store.path());
  CHECK_FALSE(engine->recovered_torn_write());
  CHECK(CheckHistory(*engine, "p").value() == kCommits + 5);
}

TEST_CASE("zeros or noise after the last write are a torn tail") {
  const TempDir store = CrashedStore();
  const std::string bytes = ReadFile(LogOf(store));
  std::string noise(70'000, '\0');
  std::mt19937_64 random(2);
  for (char& byte : noise) byte = static_cast<char>(random());
  for (const std::string& tail : {std::string(3, '\0'), std::string(70'000, '\0'), noise, noise.substr(0, 5)}) {
    CHECK(OpenHurt(store, [&](const std::string& log) { WriteFile(log, bytes + tail); }) == kCommits);
  }
}

TEST_CASE("a hole in the last write, with its end on the disk, is a torn tail") {
  const TempDir dir;
  const auto engine = MustOpen(dir.path());
  WriteHistory(*engine, "p", 3);
  const std::size_t before = ReadFile(FilesOf(dir.path(), ".log").back()).size();
  CommitRequest large = Puts("q", {1, 0}, {{"k", std::string(200'000, 'v')}});
  MustCommit(*engine, large);
  const TempDir store = CopyOf(dir.path());
  const auto revision = OpenHurt(store, [&](const std::string& log) {
    std::string bytes = ReadFile(log);
    std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(before) + 40'000, 8192, '\0');
    WriteFile(log, bytes);
  });
  CHECK(revision == 3);
}

TEST_CASE("a bit flipped anywhere in the log costs at most the last write, or the store is refused") {
  const TempDir store = CrashedStore();
  const std::size_t size = ReadFile(LogOf(store)).size();
  constexpr uint64_t kSeed = 3;
  INFO("seed " << kSeed);
  std::mt19937_64 random(kSeed);
  int refused = 0, last_lost = 0;
  for (int i = 0; i < 40; ++i) {
    // Half of them near the end, where a torn tail would be.
    const uint64_t offset = i % 2 == 0 ? random() % size : size - 1 - random() % 3'000;
    INFO("bit at " << offset << " of " << size);
    const auto revision = OpenHurt(store, [&](const std::string& log) { FlipBit(log, offset); });
    if (!revision.has_value()) {
      ++refused;
    } else {
      CHECK(*revision >= kCommits - 1);
      last_lost += *revision == kCommits - 1;
    }
  }
  CHECK(refused >= 20);
  CHECK(refused + last_lost == 40);
}

TEST_CASE("a write that was cut out, or a log that was deleted, stops the start") {
  const TempDir store = CrashedStore();
  CHECK_FALSE(OpenHurt(store, [](const std::string& log) {
                std::string bytes = ReadFile(log);
                std::fill_n(bytes.begin() + 32768, 32768, '\0');
                WriteFile(log, bytes);
              }).has_value());
  const TempDir without = CopyOf(store.path());
  for (const std::string& log : FilesOf(without.path(), ".log")) std::filesystem::remove(log);
  const auto engine = RocksdbEngine::Open(without.path(), TestOptions());
  CHECK(engine.status().code() == absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace labyrinth::storage
