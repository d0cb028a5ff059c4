// Bits that flip, files and rows that go missing: DATA_DAMAGED, or a refusal to start, and never wrong or fewer bytes.
#include <catch2/catch.hpp>
#include <filesystem>
#include <random>

#include "common/errors.h"
#include "storage/rocksdb/blob_layout.h"
#include "tests/conformance/blobs/calls.h"
#include "tests/conformance/blobs/raw_store.h"
#include "tests/conformance/engine/store_on_disk.h"

namespace labyrinth::storage {
namespace {

const std::string kData = BytesOf(3 * kChunk + 20'000, 1);

TempDir ClosedStore() {
  TempDir dir;
  const auto engine = MustOpen(dir.path());
  MustPutAll(engine->blobs(), NameOf(1), kData);
  return dir;
}

bool Damaged(const absl::Status& status) {
  INFO(status.ToString());
  REQUIRE(ReasonOf(status) == Reason::kDataDamaged);
  return true;
}

// The whole, or DATA_DAMAGED.
bool FoundDamaged(const std::string& path) {
  const auto engine = MustOpen(path);
  std::string all;
  const auto size = StatNow(engine->blobs(), NameOf(1));
  if (!size.ok()) return Damaged(size.status());
  CHECK(*size == kData.size());
  while (all.size() < *size) {
    const auto part = ReadNow(engine->blobs(), NameOf(1), all.size(), kMaxBlobReadBytes);
    if (!part.ok()) return Damaged(part.status());
    REQUIRE_FALSE(part->empty());
    all += *part;
  }
  REQUIRE((all == kData));
  return false;
}

// Refused at the start, in a line for the operator, or DATA_DAMAGED.
bool RefusedOrDamaged(const std::string& path, uint64_t offset) {
  const auto engine = RocksdbEngine::Open(path, TestOptions());
  if (!engine.ok()) return engine.status().message().find(path) == 0;
  return Damaged(ReadNow((*engine)->blobs(), NameOf(1), offset, kChunk).status());
}

TEST_CASE("a bit flipped in a blob file is found") {
  constexpr uint64_t kSeed = 7;
  INFO("seed " << kSeed);
  std::mt19937_64 random(kSeed);
  const TempDir store = ClosedStore();
  REQUIRE(FilesOf(store.path(), ".blob").size() == 1);
  const std::size_t size = ReadFile(FilesOf(store.path(), ".blob")[0]).size();
  int damaged = 0;
  for (int i = 0; i < 20; ++i) {
    const TempDir copy = CopyOf(store.path());
    const uint64_t offset = 100 + random() % (size - 200);
    INFO("bit at " << offset << " of " << size);
    FlipBit(FilesOf(copy.path(), ".blob")[0], offset);
    damaged += FoundDamaged(copy.path());
  }
  CHECK(damaged == 20);
}

TEST_CASE("a blob file that is cut or gone is found") {
  const TempDir store = ClosedStore();
  const std::string file = FilesOf(store.path(), ".blob")[0];
  SECTION("cut") {
    WriteFile(file, ReadFile(file).substr(0, 2 * kChunk + 5000));
    CHECK(RefusedOrDamaged(store.path(), 2 * kChunk));
  }
  SECTION("gone") {
    std::filesystem::remove(file);
    CHECK(RefusedOrDamaged(store.path(), 0));
  }
}

TEST_CASE("rows that are missing, torn or another's are found, and such a blob can still be deleted") {
  const TempDir store = ClosedStore();
  const BlobName name = NameOf(1);
  const uint32_t number = GENERATE(0u, 1u, 3u);
  const std::string chunk = kData.substr(number * kChunk, kChunk);
  const std::string key = BlobChunkKey(name, number);
  SECTION("missing") {
    Tamper(store.path(), [&](auto& db, auto* blobs) { REQUIRE(db.Delete({}, blobs, key).ok()); });
  }
  SECTION("torn") {
    const std::string row = EncodeBlobChunk(chunk.substr(0, chunk.size() - 1));
    Tamper(store.path(), [&](auto& db, auto* blobs) { REQUIRE(db.Put({}, blobs, key, row).ok()); });
  }
  SECTION("wrong") {
    std::string row = EncodeBlobChunk(chunk);
    row[row.size() / 2] ^= 1;
    Tamper(store.path(), [&](auto& db, auto* blobs) { REQUIRE(db.Put({}, blobs, key, row).ok()); });
  }
  SECTION("no head that anyone wrote") {
    Tamper(store.path(), [&](auto& db, auto* blobs) { REQUIRE(db.Put({}, blobs, BlobHeadKey(name), "head").ok()); });
  }
  CHECK(FoundDamaged(store.path()));
  const auto engine = MustOpen(store.path());
  // A put onto damage doesn't paper over it.
  CHECK_FALSE(PutNow(engine->blobs(), name, number * kChunk, chunk).ok());
  CHECK(DeleteNow(engine->blobs(), name).ok());
  CHECK(StatNow(engine->blobs(), name).value() == 0);
  MustPutAll(engine->blobs(), name, "anew");
  CHECK(MustReadAll(engine->blobs(), name) == "anew");
  CHECK(ReadNow(engine->blobs(), name, kChunk, kChunk).value().empty());
}

}  // namespace
}  // namespace labyrinth::storage
