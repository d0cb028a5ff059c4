// Whose directory it is: what the store accepts, and how it refuses the rest.
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "tests/conformance/engine/calls.h"
#include "tests/conformance/engine/history.h"
#include "tests/conformance/engine/store_on_disk.h"

namespace labyrinth::storage {
namespace {

namespace fs = std::filesystem;

// The refusal's text, which is one line that begins with the path.
std::string Refusal(const std::string& path, absl::StatusCode code = absl::StatusCode::kFailedPrecondition) {
  const auto engine = RocksdbEngine::Open(path, TestOptions());
  REQUIRE_FALSE(engine.ok());
  CHECK(engine.status().code() == code);
  const std::string text(engine.status().message());
  CHECK(text.find(path) == 0);
  CHECK(text.find('\n') == std::string::npos);
  return text.substr(path.size());
}

unsigned ModeOf(const std::string& path) {
  struct stat info;
  REQUIRE(stat(path.c_str(), &info) == 0);
  return info.st_mode & 0777;
}

TEST_CASE("a store is made where nothing is, private to its owner") {
  const TempDir dir;
  MustCommit(*MustOpen(dir.path()), NextInHistory("p", 0));
  CHECK(ModeOf(dir.path()) == 0700);
  CHECK(ModeOf(dir.path() + "/db") == 0700);
  CHECK(ReadFile(dir.path() + "/FORMAT") == "labyrinth-rocksdb 1\n");
  CHECK_FALSE(fs::exists(dir.path() + "/FORMAT.new"));
}

TEST_CASE("an empty directory or a fresh volume will do; its data is made private") {
  const TempDir dir;
  fs::create_directories(dir.path() + "/lost+found");
  REQUIRE(chmod(dir.path().c_str(), 0755) == 0);
  MustOpen(dir.path());
  CHECK(ModeOf(dir.path() + "/db") == 0700);
  REQUIRE(chmod((dir.path() + "/db").c_str(), 0755) == 0);
  MustOpen(dir.path());
  CHECK(ModeOf(dir.path() + "/db") == 0700);
}

TEST_CASE("a clean close leaves nothing to replay, and all is there") {
  const TempDir dir;
  for (uint64_t round = 1; round <= 3; ++round) {
    const auto engine = MustOpen(dir.path());
    CHECK(CheckHistory(*engine, "p").value() == (round - 1) * 10);
    WriteHistory(*engine, "p", round * 10);
  }
  for (const std::string& log : FilesOf(dir.path(), ".log")) CHECK(fs::file_size(log) < 100);
}

TEST_CASE("a creation that was interrupted is finished") {
  const TempDir dir;
  MustOpen(dir.path());
  fs::rename(dir.path() + "/FORMAT", dir.path() + "/FORMAT.new");
  MustOpen(dir.path());
  CHECK(fs::exists(dir.path() + "/FORMAT"));
  const TempDir early;
  fs::create_directory(early.path());
  WriteFile(early.path() + "/FORMAT.new", "");
  MustOpen(early.path());
  CHECK(ReadFile(early.path() + "/FORMAT") == "labyrinth-rocksdb 1\n");
}

TEST_CASE("what isn't a store of ours is refused and left alone") {
  const TempDir file;
  WriteFile(file.path(), "not a directory");
  CHECK(Refusal(file.path()).find("not a directory") != std::string::npos);

  const TempDir orphan;
  CHECK(Refusal(orphan.path() + "/deeper").find("cannot be made") != std::string::npos);

  const TempDir foreign;
  fs::create_directory(foreign.path());
  WriteFile(foreign.path() + "/holiday.jpg", "x");
  const std::string refusal = Refusal(foreign.path());
  CHECK(refusal.find("holiday.jpg") != std::string::npos);
  CHECK(refusal.find("name another directory") != std::string::npos);
  CHECK(std::distance(fs::directory_iterator(foreign.path()), fs::directory_iterator()) == 1);
}

TEST_CASE("a second opener is refused, and may come when the first has gone") {
  const TempDir dir;
  auto first = MustOpen(dir.path());
  CHECK(Refusal(dir.path()).find("open in another process") != std::string::npos);
  MustCommit(*first, NextInHistory("p", 0));
  first.reset();
  CHECK(CheckHistory(*MustOpen(dir.path()), "p").value() == 1);
}

TEST_CASE("another format is refused before anything is touched") {
  const TempDir dir;
  WriteHistory(*MustOpen(dir.path()), "p", 3);
  const auto files = [&] {
    std::vector<std::string> out;
    for (const auto& entry : fs::recursive_directory_iterator(dir.path())) out.push_back(entry.path().string());
    std::sort(out.begin(), out.end());
    return out;
  };
  const auto before = files();
  WriteFile(dir.path() + "/FORMAT", "labyrinth-rocksdb 2\n");
  CHECK(Refusal(dir.path()).find("format version 2, but this program knows 1") != std::string::npos);
  for (const std::string format :
       {"", "labyrinth-rocksdb\n", "labyrinth-rocksdb 0\n", "something else\n", "\xff\xff"}) {
    WriteFile(dir.path() + "/FORMAT", format);
    CHECK(Refusal(dir.path()).find("FORMAT") != std::string::npos);
  }
  CHECK(files() == before);
  WriteFile(dir.path() + "/FORMAT", "labyrinth-rocksdb 1\n");
  CHECK(CheckHistory(*MustOpen(dir.path()), "p").value() == 3);
}

TEST_CASE("a store whose data isn't there is refused, not made anew") {
  const TempDir dir;
  MustOpen(dir.path());
  fs::remove_all(dir.path() + "/db");
  CHECK(Refusal(dir.path()).find("mount its volume") != std::string::npos);
  CHECK_FALSE(fs::exists(dir.path() + "/db"));
}

TEST_CASE("commits fail while the disk is nearly full; reads and drops go on") {
  const TempDir dir;
  WriteHistory(*MustOpen(dir.path()), "p", 3);
  RocksdbOptions options = TestOptions();
  options.min_free_disk_bytes = UINT64_MAX;
  const auto engine = MustOpen(dir.path(), options);
  const CommitResult result = CommitNow(*engine, NextInHistory("p", 3));
  CHECK(result.outcome == CommitResult::Outcome::kFailed);
  CHECK(std::string(result.error.message()).find("nearly full") != std::string::npos);
  CHECK(CheckHistory(*engine, "p").value() == 3);
  CHECK(engine->Health().ok());
  CommitRequest urgent = NextInHistory("p", 3);
  urgent.urgent = true;
  CHECK(CommitNow(*engine, urgent).outcome == CommitResult::Outcome::kFailed);  // not even half of it is free
  MustCommit(*engine, Drop("p", {1, 3}));
}

TEST_CASE("what is urgent goes on in the first half of the reserve") {
  const TempDir dir;
  WriteHistory(*MustOpen(dir.path()), "p", 3);
  RocksdbOptions options = TestOptions();
  options.min_free_disk_bytes = fs::space(dir.path()).available / 2 * 3;
  const auto engine = MustOpen(dir.path(), options);
  CommitRequest commit = NextInHistory("p", 3);
  CHECK(CommitNow(*engine, commit).outcome == CommitResult::Outcome::kFailed);
  commit.urgent = true;
  MustCommit(*engine, commit);
  CHECK(CheckHistory(*engine, "p").value() == 4);
}

}  // namespace
}  // namespace labyrinth::storage
