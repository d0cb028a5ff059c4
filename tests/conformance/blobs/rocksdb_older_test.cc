// Stores that a program without attachments made, or has opened since.
#include <catch2/catch.hpp>

#include "tests/conformance/blobs/calls.h"
#include "tests/conformance/blobs/raw_store.h"
#include "tests/conformance/engine/store_on_disk.h"

namespace labyrinth::storage {
namespace {

TEST_CASE("a store that was never asked for blobs takes them") {
  const TempDir dir;
  MustOpen(dir.path()).reset();
  Tamper(dir.path(), [](::rocksdb::DB& db, auto*) { REQUIRE(db.Put({}, "\x01row", "of an older program").ok()); });
  const auto engine = MustOpen(dir.path());
  MustPutAll(engine->blobs(), NameOf(1), BytesOf(kChunk + 1, 1));
  CHECK((MustReadAll(engine->blobs(), NameOf(1)) == BytesOf(kChunk + 1, 1)));
}

TEST_CASE("a program that knows nothing of attachments opens a store with some, and leaves them alone") {
  const TempDir dir;
  MustPutAll(MustOpen(dir.path())->blobs(), NameOf(1), BytesOf(3 * kChunk, 1));
  const auto files = FilesOf(dir.path(), ".blob");
  REQUIRE(files.size() == 1);
  Tamper(dir.path(), [](::rocksdb::DB& db, ::rocksdb::ColumnFamilyHandle* blobs) {
    REQUIRE(db.Put({}, "\x01row", "of an older program").ok());
    ::rocksdb::CompactRangeOptions all;
    all.bottommost_level_compaction = ::rocksdb::BottommostLevelCompaction::kForce;
    REQUIRE(db.CompactRange(all, blobs, nullptr, nullptr).ok());
  });
  CHECK(FilesOf(dir.path(), ".blob") == files);
  const auto engine = MustOpen(dir.path());
  CHECK((MustReadAll(engine->blobs(), NameOf(1)) == BytesOf(3 * kChunk, 1)));
  CHECK(DeleteNow(engine->blobs(), NameOf(1)).ok());
  CHECK(engine->EraseDeletedBlobs().value() == 0);
  CHECK(FilesOf(dir.path(), ".blob").empty());
}

TEST_CASE("a store whose blobs are gone as a family is refused, in a line that names it") {
  const TempDir dir;
  MustOpen(dir.path()).reset();
  Tamper(dir.path(), [](::rocksdb::DB& db, auto* blobs) { REQUIRE(db.DropColumnFamily(blobs).ok()); });
  const auto engine = RocksdbEngine::Open(dir.path(), TestOptions());
  REQUIRE_FALSE(engine.ok());
  CHECK(engine.status().message().find(dir.path()) == 0);
}

}  // namespace
}  // namespace labyrinth::storage
