// Deleted chunks leave the disk: every file is searched for them.
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <vector>

#include "absl/synchronization/notification.h"
#include "tests/conformance/blobs/calls.h"
#include "tests/conformance/engine/store_on_disk.h"

namespace labyrinth::storage {
namespace {

// No file of the store, the log included, holds `bytes`.
bool OnDisk(const std::string& path, const std::string& bytes) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
    if (entry.is_regular_file() && ReadFile(entry.path().string()).find(bytes) != std::string::npos) return true;
  }
  return false;
}

// The beginning of the second chunk: large enough that nothing else looks like it.
std::string Mark(const std::string& data) { return data.substr(std::min<uint64_t>(kChunk, data.size() / 2), 64); }

uint64_t MustErase(RocksdbEngine& engine) {
  const auto left = engine.EraseDeletedBlobs();
  INFO(left.status().ToString());
  REQUIRE(left.ok());
  return *left;
}

void CommitRow(Engine& engine) {
  CommitRequest request;
  request.partition = "p";
  request.writes = {{"key", "value"}};
  absl::Notification answered;
  engine.Commit(std::move(request), [&](CommitResult result) {
    CHECK(result.outcome == CommitResult::Outcome::kCommitted);
    answered.Notify();
  });
  answered.WaitForNotification();
}

uint64_t BlobFileBytes(const std::string& path) {
  uint64_t bytes = 0;
  for (const std::string& file : FilesOf(path, ".blob")) bytes += std::filesystem::file_size(file);
  return bytes;
}

TEST_CASE("a deleted blob's bytes are gone from every file after one pass over a small store") {
  const bool reopen = GENERATE(false, true);  // in a table and a blob file before it is deleted, or in the log alone
  INFO("reopen " << reopen);
  const TempDir dir;
  auto engine = MustOpen(dir.path());
  // A row that nobody writes out keeps the log, and with it the chunks, on the disk.
  CommitRow(*engine);
  // Chunks, a short last one, and a blob too small for a blob file, all among others that stay.
  std::vector<std::string> blobs;
  for (uint64_t i = 0; i < 12; ++i) blobs.push_back(BytesOf(i % 3 == 2 ? 200 : (1 + i % 3) * kChunk + 2000, i));
  for (uint64_t i = 0; i < blobs.size(); ++i) MustPutAll(engine->blobs(), NameOf(i), blobs[i]);
  if (reopen) {
    engine.reset();
    engine = MustOpen(dir.path());
    REQUIRE_FALSE(FilesOf(dir.path(), ".blob").empty());
  }
  for (uint64_t i = 0; i < blobs.size(); ++i) REQUIRE(OnDisk(dir.path(), Mark(blobs[i])));

  for (uint64_t i = 0; i < blobs.size(); i += 2) REQUIRE(DeleteNow(engine->blobs(), NameOf(i)).ok());
  CHECK(MustErase(*engine) == 0);
  for (uint64_t i = 0; i < blobs.size(); ++i) {
    INFO("blob " << i);
    CHECK(OnDisk(dir.path(), Mark(blobs[i])) == (i % 2 == 1));
    CHECK(MustReadAll(engine->blobs(), NameOf(i)) == (i % 2 == 1 ? blobs[i] : ""));
  }
  engine.reset();
  engine = MustOpen(dir.path());
  for (uint64_t i = 1; i < blobs.size(); i += 2) CHECK(MustReadAll(engine->blobs(), NameOf(i)) == blobs[i]);
}

TEST_CASE("a name that is used anew keeps its new bytes and loses the old ones") {
  const TempDir dir;
  auto engine = MustOpen(dir.path());
  const std::string old = BytesOf(3 * kChunk, 1), fresh = BytesOf(2 * kChunk, 2);
  MustPutAll(engine->blobs(), NameOf(1), old);
  CHECK(MustErase(*engine) == 0);
  // Under the same name again, in the same memtable as the deletion.
  REQUIRE(DeleteNow(engine->blobs(), NameOf(1)).ok());
  MustPutAll(engine->blobs(), NameOf(1), fresh);
  CHECK(MustErase(*engine) == 0);
  CHECK_FALSE(OnDisk(dir.path(), Mark(old)));
  CHECK(MustReadAll(engine->blobs(), NameOf(1)) == fresh);
}

TEST_CASE("deleting everything gives the disk back, and a pass with nothing to do rewrites nothing") {
  const TempDir dir;
  auto engine = MustOpen(dir.path());
  for (uint64_t i = 0; i < 40; ++i) MustPutAll(engine->blobs(), NameOf(i), BytesOf(2 * kChunk, i));
  CHECK(MustErase(*engine) == 0);
  const auto files = FilesOf(dir.path(), ".blob");
  const uint64_t full_bytes = BlobFileBytes(dir.path());
  REQUIRE(full_bytes >= 80 * kChunk);
  CHECK(full_bytes < 81 * kChunk);
  CHECK(MustErase(*engine) == 0);
  CHECK(FilesOf(dir.path(), ".blob") == files);

  for (uint64_t i = 0; i < 40; ++i) REQUIRE(DeleteNow(engine->blobs(), NameOf(i)).ok());
  CHECK(MustErase(*engine) == 0);
  CHECK(BlobFileBytes(dir.path()) == 0);
  CHECK(engine->Health().ok());
}

TEST_CASE("passes that rewrite little at a time erase everything in one turn through the store, the oldest first") {
  const TempDir dir;
  RocksdbOptions options = TestOptions();
  options.erase_blobs_within_seconds = 0;
  options.erase_pass_bytes = 3 * kChunk;
  auto engine = MustOpen(dir.path(), options);
  // Twelve blob files of four chunks, of each of which one chunk is deleted.
  std::vector<std::string> blobs;
  for (uint64_t i = 0; i < 48; ++i) {
    blobs.push_back(BytesOf(kChunk, i));
    MustPutAll(engine->blobs(), NameOf(i), blobs[i]);
    if (i % 4 == 3) CHECK(MustErase(*engine) == 0);
  }
  REQUIRE(FilesOf(dir.path(), ".blob").size() == 12);
  for (uint64_t i = 0; i < 48; i += 4) REQUIRE(DeleteNow(engine->blobs(), NameOf(i)).ok());

  uint64_t left = 0;
  int passes = 0;
  do {
    if (passes == 6) {  // how far it is survives a restart
      engine.reset();
      engine = MustOpen(dir.path(), options);
    }
    left = MustErase(*engine);
    ++passes;
    CHECK(left / kChunk == static_cast<uint64_t>(12 - passes));
  } while (left > 0 && passes < 20);
  CHECK(passes == 12);
  for (uint64_t i = 0; i < 48; ++i) {
    INFO("blob " << i);
    CHECK(OnDisk(dir.path(), Mark(blobs[i])) == (i % 4 != 0));
    CHECK((MustReadAll(engine->blobs(), NameOf(i)) == (i % 4 != 0 ? blobs[i] : "")));
  }
}

TEST_CASE("passes run by themselves, beside uploads and deletions, and end with the store") {
  const TempDir dir;
  RocksdbOptions options = TestOptions();
  options.erase_blobs_within_seconds = 1;  // a pass every 6 ms
  auto engine = MustOpen(dir.path(), options);
  const std::string doomed = BytesOf(2 * kChunk, 77);
  const BlobName name = *BlobName::From(std::string(BlobName::kSize, 'd'));
  MustPutAll(engine->blobs(), name, doomed);
  REQUIRE(DeleteNow(engine->blobs(), name).ok());
  uint64_t uploads = 0;
  do {
    for (const uint64_t end = uploads + 30; uploads < end; ++uploads) {
      MustPutAll(engine->blobs(), NameOf(uploads), BytesOf(kChunk + uploads, uploads));
      if (uploads % 3 == 0) REQUIRE(DeleteNow(engine->blobs(), NameOf(uploads)).ok());
    }
  } while (uploads < 60 || OnDisk(dir.path(), Mark(doomed)));
  engine.reset();
  engine = MustOpen(dir.path());
  for (uint64_t i = 0; i < 60; ++i) {
    CHECK(MustReadAll(engine->blobs(), NameOf(i)) == (i % 3 == 0 ? "" : BytesOf(kChunk + i, i)));
  }
  CHECK(engine->Health().ok());
}

}  // namespace
}  // namespace labyrinth::storage
