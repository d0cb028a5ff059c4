// Backups of the embedded store: what is in them, what breaks them, and what comes out of them.
#include <rocksdb/env.h>
#include <sys/resource.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <optional>
#include <thread>

#include "storage/rocksdb/backup.h"
#include "tests/conformance/engine/calls.h"
#include "tests/conformance/engine/cut_off_disk.h"
#include "tests/conformance/engine/history.h"
#include "tests/conformance/engine/store_on_disk.h"

namespace labyrinth::storage {
namespace {

namespace fs = std::filesystem;

struct Fixture {
  std::string backups() const { return dir.path() + "-backups"; }
  std::string restored() const { return dir.path() + "-restored"; }

  BackupName MustBackup(BackupOptions options = {}) {
    auto record = engine->Backup(backups(), options);
    INFO(record.status().ToString());
    REQUIRE(record.ok());
    return record->name;
  }
  VerifiedBackups MustVerify() {
    auto verified = VerifyBackups(backups(), {});
    INFO(verified.status().ToString());
    REQUIRE(verified.ok());
    return *std::move(verified);
  }
  std::vector<std::string> Names() {
    const auto listed = ListBackups(backups());
    REQUIRE(listed.ok());
    std::vector<std::string> names;
    for (const ListedBackup& backup : *listed) names.push_back(backup.name.text());
    return names;
  }
  // How far the history goes in what the backup gives back.
  uint64_t RestoredRevision(const BackupName& name) {
    const std::string half = restored() + ".restoring";
    fs::remove_all(restored());
    fs::remove_all(half);
    const auto copied = RestoreBackup(backups(), name, half, {});
    INFO(copied.ToString());
    REQUIRE(copied.ok());
    {
      RocksdbOptions restoring = TestOptions();
      restoring.unfinished_restore = true;
      MustOpen(half, restoring);
    }
    const auto finished = FinishRestore(half, restored());
    INFO(finished.ToString());
    REQUIRE(finished.ok());
    const auto store = MustOpen(restored());
    return CheckHistory(*store, "p").value();
  }

  TempDir dir;
  std::unique_ptr<RocksdbEngine> engine = MustOpen(dir.path());
};

// Everything below `path` but locks, and its size.
std::vector<std::string> FilesBelow(const std::string& path) {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(path)) {
    if (entry.is_regular_file() && entry.path().filename() != "LOCK") files.push_back(entry.path().string());
  }
  return files;
}
uint64_t BytesBelow(const std::string& path) {
  uint64_t bytes = 0;
  for (const std::string& file : FilesBelow(path)) bytes += fs::file_size(file);
  return bytes;
}

TEST_CASE("a backup made amid commits has all that were acknowledged before it began, and nothing by half") {
  Fixture f;
  WriteHistory(*f.engine, "p", 40);
  std::atomic<uint64_t> acknowledged = 40;
  std::atomic<bool> stop = false;
  CommitResult last{CommitResult::Outcome::kCommitted, {}, absl::OkStatus()};
  std::thread writer([&] {  // no checks in it: they are for one thread at a time
    for (uint64_t at = 40; !stop && at < 4000; acknowledged = ++at) {
      last = CommitNow(*f.engine, NextInHistory("p", at));
      if (last.outcome != CommitResult::Outcome::kCommitted) return;
    }
  });
  std::vector<std::pair<BackupName, uint64_t>> made;
  for (int i = 0; i < 4; ++i) {
    const uint64_t before = acknowledged;
    made.emplace_back(f.MustBackup(), before);
  }
  stop = true;
  writer.join();
  CHECK(last.outcome == CommitResult::Outcome::kCommitted);
  for (const auto& [name, before] : made) CHECK(f.RestoredRevision(name) >= before);
  CHECK(f.MustVerify().findings.empty());
}

TEST_CASE("a backup has blobs too") {
  Fixture f;
  const BlobName blob = *BlobName::From(std::string(BlobName::kSize, 'b'));
  const std::string data(100'000, 'd');
  f.engine->blobs().PutChunk(blob, 0, data, absl::InfiniteFuture(), [](const absl::Status&) {});
  const auto wait = [&](RocksdbEngine& engine) {
    for (int i = 0; i < 1000; ++i) {
      absl::StatusOr<std::string> got = absl::UnknownError("");
      engine.blobs().ReadRange(blob, 0, data.size(), absl::InfiniteFuture(), [&](auto read) { got = std::move(read); });
      if (got.ok()) return *got == data;
      std::this_thread::yield();
    }
    return false;
  };
  MustCommit(*f.engine, NextInHistory("p", 0));  // after the chunk, in the same queue
  REQUIRE(wait(*f.engine));
  f.RestoredRevision(f.MustBackup());
  CHECK(wait(*MustOpen(f.restored())));
}

TEST_CASE("a backup adds what is new alone; a full one starts afresh; the oldest go when told") {
  Fixture f;
  WriteHistory(*f.engine, "p", 200);
  f.engine.reset();
  f.engine = MustOpen(f.dir.path());  // out of the log, into tables
  f.MustBackup();
  const uint64_t first = BytesBelow(f.backups());
  f.MustBackup();
  CHECK(BytesBelow(f.backups()) < first + first / 4);
  f.MustBackup({.full = true});
  CHECK(BytesBelow(f.backups()) > 2 * first);
  CHECK(f.Names() == std::vector<std::string>{"1.1", "1.2", "2.1"});
  f.MustBackup({.keep = 2});
  CHECK(f.Names() == std::vector<std::string>{"2.1", "2.2"});
  CHECK_FALSE(fs::exists(f.backups() + "/set-1"));
  CHECK(f.RestoredRevision({2, 1}) == 200);
}

TEST_CASE("what was noted with a backup comes back, and a cancelled one leaves none") {
  Fixture f;
  WriteHistory(*f.engine, "p", 100);
  f.MustBackup({.now_ms = 17, .labels = {{"journal", "ab12"}, {"generation", "3"}}});
  const auto listed = ListBackups(f.backups());
  REQUIRE(listed.ok());
  CHECK(listed->at(0).record->labels.at("journal") == "ab12");
  CHECK(listed->at(0).record->create_ms == 17);
  const auto cancelled = VerifyBackups(f.backups(), {.on_progress = [](const BackupProgress&) { return false; }});
  CHECK(absl::IsCancelled(cancelled.status()));
}

TEST_CASE("a backup copies with a thread that everybody else goes before") {
  Fixture f;
  WriteHistory(*f.engine, "p", 1500);  // more than is copied between two calls of on_progress
  const int ours = getpriority(PRIO_PROCESS, 0);
  std::optional<int> copying;  // niceness, of the calling thread alone
  f.MustBackup({.on_progress = [&](const BackupProgress&) {
    copying = getpriority(PRIO_PROCESS, 0);
    return true;
  }});
  REQUIRE(copying.has_value());
  CHECK(*copying == 19);
  CHECK(getpriority(PRIO_PROCESS, 0) == ours);
}

TEST_CASE("one flipped bit in any file of a backup is found, and the file named") {
  Fixture f;
  WriteHistory(*f.engine, "p", 30);
  f.MustBackup();
  WriteHistory(*f.engine, "p", 60);
  f.MustBackup({.labels = {{"journal", "ab12"}}});
  const std::vector<std::string> files = FilesBelow(f.backups());
  REQUIRE(files.size() > 8);
  for (const std::string& file : files) {
    if (fs::file_size(file) == 0) continue;
    INFO(file);
    const std::string before = ReadFile(file);
    for (const uint64_t at : {uint64_t{0}, before.size() / 2, before.size() - 1}) {
      // The lowest, by which a digit stays a digit: nothing but a checksum can tell.
      std::string bytes = before;
      bytes[at] ^= 0x01;
      WriteFile(file, bytes);
      const auto verified = VerifyBackups(f.backups(), {});
      const bool named = verified.ok() ? verified->findings.size() == 1 && verified->findings[0].path == file
                                       : std::string(verified.status().message()).find(f.backups()) == 0;
      CHECK(named);
      WriteFile(file, before);
    }
    fs::rename(file, file + ".gone");
    const auto missing = VerifyBackups(f.backups(), {});
    const bool record = fs::path(file).extension() == ".backup";
    CHECK((record ? missing->backups.size() == 1 : !missing.ok() || missing->findings.size() == 1));
    fs::rename(file + ".gone", file);
  }
  CHECK(f.MustVerify().findings.empty());
  CHECK(f.MustVerify().backups.size() == 2);
}

TEST_CASE("a damaged backup isn't restored, and the others of its directory are") {
  Fixture f;
  WriteHistory(*f.engine, "p", 30);
  const BackupName first = f.MustBackup();
  WriteHistory(*f.engine, "p", 60);
  const BackupName second = f.MustBackup();
  for (const auto& entry : fs::recursive_directory_iterator(f.backups() + "/set-1/private/2")) {
    if (entry.path().extension() == ".log") FlipBit(entry.path().string(), 100);
  }
  const auto refused = RestoreBackup(f.backups(), second, f.restored(), {});
  CHECK(absl::IsDataLoss(refused));
  CHECK(std::string(refused.message()).find(".log: its checksum is another") != std::string::npos);
  CHECK_FALSE(fs::exists(f.restored()));
  CHECK(f.RestoredRevision(first) == 30);
}

TEST_CASE("a backup that ends at any moment, or finds the disk full, leaves the last good one as it was") {
  const bool full = GENERATE(false, true);
  Fixture f;
  WriteHistory(*f.engine, "p", 20);
  const BackupName good = f.MustBackup();
  const std::vector<std::string> before = f.Names();
  const uint64_t revision = 22;
  WriteHistory(*f.engine, "p", revision);
  int interruptions = 0;
  for (int64_t allowed = 0;; ++allowed) {
    REQUIRE(allowed < 2000);
    const auto disk = std::make_shared<CutOffDisk>(allowed, full);
    const auto env = ::rocksdb::NewCompositeEnv(disk);
    const auto made = f.engine->Backup(f.backups(), {.env = env.get()});
    if (!disk->hit()) {
      REQUIRE(made.ok());
      break;
    }
    ++interruptions;
    INFO(allowed);
    if (made.ok()) break;  // whole, and only its tidying was cut off
    CHECK(absl::IsUnavailable(made.status()));
    CHECK(f.Names() == before);
    CHECK(f.MustVerify().findings.empty());
  }
  CHECK(interruptions > 10);
  CHECK(f.RestoredRevision(good) == 20);
  // What the interrupted ones left is in nobody's way.
  const BackupName next = f.MustBackup({.keep = 1});
  CHECK(f.RestoredRevision(next) == revision);
  CHECK(f.MustVerify().backups.size() == 1);
  CHECK(f.engine->Health().ok());
}

TEST_CASE("other directories are left alone, and a newer format is named") {
  Fixture f;
  MustCommit(*f.engine, NextInHistory("p", 0));
  fs::create_directory(f.backups());
  WriteFile(f.backups() + "/letter.txt", "dear");
  const auto foreign = f.engine->Backup(f.backups(), {});
  CHECK(absl::IsFailedPrecondition(foreign.status()));
  CHECK(std::string(foreign.status().message()).find("letter.txt") != std::string::npos);
  CHECK(absl::IsFailedPrecondition(ListBackups(f.backups()).status()));
  fs::remove(f.backups() + "/letter.txt");
  f.MustBackup();
  WriteFile(f.backups() + "/FORMAT", "labyrinth-backups 2\n");
  const auto newer = ListBackups(f.backups());
  CHECK(absl::IsFailedPrecondition(newer.status()));
  CHECK(std::string(newer.status().message()).find("version 2") != std::string::npos);
  CHECK(absl::IsFailedPrecondition(f.engine->Backup(f.backups(), {}).status()));
  WriteFile(f.backups() + "/FORMAT", "labyrinth-backups 1\n");
  CHECK(absl::IsNotFound(RestoreBackup(f.backups(), {3, 9}, f.restored(), {})));
}

TEST_CASE("a restore overwrites nothing, and what it leaves by half opens as no store") {
  Fixture f;
  WriteHistory(*f.engine, "p", 10);
  const BackupName name = f.MustBackup();
  CHECK(absl::IsFailedPrecondition(RestoreBackup(f.backups(), name, f.dir.path(), {})));
  REQUIRE(RestoreBackup(f.backups(), name, f.restored(), {}).ok());
  const auto half = RocksdbEngine::Open(f.restored(), TestOptions());
  CHECK(absl::IsFailedPrecondition(half.status()));
  CHECK(std::string(half.status().message()).find("unfinished restore") != std::string::npos);
  RocksdbOptions restoring = TestOptions();
  restoring.unfinished_restore = true;
  CHECK(CheckHistory(*MustOpen(f.restored(), restoring), "p").value() == 10);
  CHECK_FALSE(RocksdbEngine::Open(f.restored(), TestOptions()).ok());
  CHECK(absl::IsFailedPrecondition(FinishRestore(f.restored(), f.dir.path())));
  REQUIRE(FinishRestore(f.restored(), f.restored() + "-whole").ok());
  CHECK(CheckHistory(*MustOpen(f.restored() + "-whole"), "p").value() == 10);
}

}  // namespace
}  // namespace labyrinth::storage
