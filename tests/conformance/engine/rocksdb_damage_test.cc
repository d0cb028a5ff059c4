// Bits that flip on the disk: DATA_DAMAGED, or a refusal to start, and never wrong bytes.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <random>

#include "absl/synchronization/notification.h"
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
  // Not more, as RocksDB sleeps for a second after a failed compaction, and the close of the store waits for that.
  for (int i = 0; i < 24; ++i) {
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
  CHECK(damaged >= 10);
  CHECK(refused >= 2);
}

// The list of tables. RocksDB drops its last record in silence if that is torn, and deletes the tables that it then
// doesn't know: the check before it has to notice.
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

// --- The same for every kind of file, and for those that read all of them
// ---------------------------------------------

BlobName NameOf(char c) { return *BlobName::From(std::string(32, c)); }
std::string BytesOf(char c, std::size_t size) { return std::string(size, c); }

absl::Status PutNow(BlobStore& blobs, const BlobName& name, const std::string& data) {
  absl::Status status;
  absl::Notification done;
  blobs.PutChunk(name, 0, data, absl::InfiniteFuture(), [&](absl::Status put) {
    status = std::move(put);
    done.Notify();
  });
  done.WaitForNotification();
  return status;
}

// Rows in tables and in the log, chunks in blob files, some of them deleted.
TempDir StoreOfEverything() {
  TempDir dir;
  {
    const auto engine = MustOpen(dir.path());
    WriteHistory(*engine, "p", 20);
    for (const char c : {'a', 'b', 'c'}) REQUIRE(PutNow(engine->blobs(), NameOf(c), BytesOf(c, 100'000)).ok());
  }
  const auto engine = MustOpen(dir.path());
  WriteHistory(*engine, "p", 30);
  return CopyOf(dir.path());  // as a crash leaves it: with a log
}

class DamagedFiles final : public VerifyListener {
 public:
  void OnBytes(uint64_t done_bytes, uint64_t total_bytes) override {
    CHECK(done_bytes <= total_bytes);
    done = done_bytes;
  }
  void OnDamaged(const std::string& file, const std::string& why) override {
    CHECK_FALSE(why.empty());
    files.push_back(file);
  }
  bool cancelled() const override { return cancel; }

  std::vector<std::string> files;
  uint64_t done = 0;
  bool cancel = false;
};

// What reads the blobs says: intact, or damaged, never other bytes.
Found ReadBlobs(RocksdbEngine& engine) {
  Found found = Found::kIntact;
  for (const char c : {'a', 'b', 'c'}) {
    engine.blobs().ReadRange(NameOf(c), 0, kMaxBlobReadBytes, absl::InfiniteFuture(),
                             [&](absl::StatusOr<std::string> bytes) {
                               if (bytes.ok()) {
                                 CHECK((*bytes == BytesOf(c, 100'000)));
                               } else {
                                 CHECK(ReasonOf(bytes.status()) == Reason::kDataDamaged);
                                 found = Found::kDamaged;
                               }
                             });
  }
  return found;
}

TEST_CASE("a verification of a sound store reads all of it and finds nothing, also while it is written to") {
  const TempDir store = StoreOfEverything();
  const auto engine = MustOpen(store.path());
  DamagedFiles damaged;
  const auto summary = engine->VerifyFiles(0, damaged);
  REQUIRE(summary.ok());
  CHECK(damaged.files == std::vector<std::string>{});
  CHECK(summary->damaged_files == 0);
  CHECK(summary->files >= 5);  // tables, a blob file, the log, the manifest
  CHECK(summary->bytes > 300'000);
  CHECK(damaged.done > 300'000);
  damaged.cancel = true;
  CHECK(absl::IsCancelled(engine->VerifyFiles(0, damaged).status()));
}

TEST_CASE(
    "a bit flipped in any file of a store is found at the start, by a read or by a verification, or harms nothing") {
  constexpr uint64_t kSeed = 11;
  constexpr int kFlips = 12;
  INFO("seed " << kSeed);
  std::mt19937_64 random(kSeed);
  struct Kind {
    std::string name;  // the extension, or how the file's name begins
    bool harmless;     // may pass unnoticed, for nothing is read from it
  };
  // RocksDB keeps OPTIONS and IDENTITY for people, and LOG is its own log.
  const Kind kinds[] = {{".sst", false},    {".blob", false},  {".log", false},   {"MANIFEST", false},
                        {"CURRENT", false}, {"OPTIONS", true}, {"IDENTITY", true}};
  const TempDir store = StoreOfEverything();
  for (const Kind& kind : kinds) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(store.path() + "/db")) {
      const std::string name = entry.path().filename().string();
      if (name.ends_with(kind.name) || name.find(kind.name) == 0) names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    REQUIRE_FALSE(names.empty());
    for (int i = 0; i < kFlips; ++i) {
      const TempDir copy = CopyOf(store.path());
      const std::string name = names[random() % names.size()];
      const std::string file = copy.path() + "/db/" + name;
      const std::size_t size = ReadFile(file).size();
      if (size == 0) continue;
      const uint64_t offset = random() % size;
      INFO(name << ", bit at " << offset << " of " << size);
      FlipBit(file, offset);
      const auto opened = RocksdbEngine::Open(copy.path(), TestOptions());
      if (!opened.ok()) {
        // One line that names the store and says what to do.
        CHECK(opened.status().message().find(copy.path()) == 0);
        CHECK(opened.status().message().find('\n') == std::string::npos);
        continue;
      }
      DamagedFiles damaged;
      const auto verified = (*opened)->VerifyFiles(0, damaged);
      REQUIRE(verified.ok());
      const auto revision = CheckHistory(**opened, "p");
      const bool wrong_rows = !revision.ok();
      if (wrong_rows) CHECK(ReasonOf(revision.status()) == Reason::kDataDamaged);
      const bool wrong_blobs = ReadBlobs(**opened) == Found::kDamaged;
      // What a read stumbles over, a verification names.
      if (wrong_rows || wrong_blobs) CHECK_FALSE(damaged.files.empty());
      if (!damaged.files.empty()) CHECK(damaged.files == std::vector<std::string>{file});
      // The last write of a log before a crash can't be told from a torn one, and a start writes the log out.
      const bool torn = kind.name == ".log" && revision.ok() && *revision >= 29;
      const bool whole = revision.ok() && *revision == 30 && !wrong_blobs;
      if (damaged.files.empty()) CHECK((kind.harmless || torn || whole));
      if (kind.name == ".sst" || kind.name == ".blob") CHECK_FALSE(damaged.files.empty());
    }
  }
}

TEST_CASE("a missing table stops the start") {
  const TempDir store = ClosedStore(20);
  std::filesystem::remove(FilesOf(store.path(), ".sst")[0]);
  CHECK(OpenAndCheck(store.path(), 20) == Found::kRefused);
}

}  // namespace
}  // namespace labyrinth::storage
