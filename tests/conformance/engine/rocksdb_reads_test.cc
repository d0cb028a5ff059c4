// How the embedded engine reads its tables: what a page and a long walk ask of the disk.
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <utility>

#include "tests/conformance/engine/calls.h"
#include "tests/conformance/engine/store_on_disk.h"

namespace labyrinth::storage {
namespace {

using ::rocksdb::IOStatus;

// Counts what is asked of files that are read at random: of tables, that is. Thread-safe.
class CountingDisk final : public ::rocksdb::FileSystemWrapper {
 public:
  CountingDisk() : FileSystemWrapper(::rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "CountingDisk"; }

  IOStatus NewRandomAccessFile(const std::string& name, const ::rocksdb::FileOptions& options,
                               std::unique_ptr<::rocksdb::FSRandomAccessFile>* file,
                               ::rocksdb::IODebugContext* debug) override {
    IOStatus status = FileSystemWrapper::NewRandomAccessFile(name, options, file, debug);
    if (status.ok()) *file = std::make_unique<File>(*this, std::move(*file));
    return status;
  }

  std::atomic<int> reads = 0;
  std::atomic<int> advices = 0;  // to read ahead

 private:
  class File final : public ::rocksdb::FSRandomAccessFileOwnerWrapper {
   public:
    File(CountingDisk& disk, std::unique_ptr<::rocksdb::FSRandomAccessFile> file)
        : FSRandomAccessFileOwnerWrapper(std::move(file)), disk_(disk) {}
    IOStatus Read(uint64_t offset, std::size_t size, const ::rocksdb::IOOptions& options, ::rocksdb::Slice* result,
                  char* scratch, ::rocksdb::IODebugContext* debug) const override {
      ++disk_.reads;
      return FSRandomAccessFileOwnerWrapper::Read(offset, size, options, result, scratch, debug);
    }
    IOStatus Prefetch(uint64_t offset, std::size_t size, const ::rocksdb::IOOptions& options,
                      ::rocksdb::IODebugContext* debug) override {
      ++disk_.advices;
      return FSRandomAccessFileOwnerWrapper::Prefetch(offset, size, options, debug);
    }

   private:
    CountingDisk& disk_;
  };
};

// A table of 200 rows of a KiB, none of them in the cache.
struct Fixture {
  Fixture() {
    {
      const auto writer = MustOpen(dir.path());
      std::vector<KeyValue> rows;
      for (int i = 0; i < 200; ++i) {
        std::string value(1024, '\0');
        for (std::size_t at = 0; at < value.size(); ++at) value[at] = static_cast<char>((i * 131 + at * 29) ^ (at >> 3));
        rows.push_back({std::to_string(1000 + i), std::move(value)});
      }
      MustCommit(*writer, Puts("p", {1, 0}, std::move(rows)));
      REQUIRE(writer->Compact(not_cancelled).ok());
    }
    RocksdbOptions options = TestOptions();
    options.block_cache_bytes = 32 << 20;
    options.env = env.get();
    engine = MustOpen(dir.path(), options);
  }
  // What reading the first `count` rows asks of the disk.
  std::pair<int, int> Asked(std::size_t count, bool bulk) {
    disk->reads = disk->advices = 0;
    Scan scan = Range("1", "2");
    scan.max_items = count;
    scan.bulk = bulk;
    const ReadResult read = MustRead(*engine, Scans("p", {scan}));
    CHECK(read.pages[0].items.size() == count);
    return {disk->reads, disk->advices};
  }

  std::atomic<bool> not_cancelled = false;
  TempDir dir;
  const std::shared_ptr<CountingDisk> disk = std::make_shared<CountingDisk>();
  const std::unique_ptr<::rocksdb::Env> env = ::rocksdb::NewCompositeEnv(disk);
  std::unique_ptr<RocksdbEngine> engine;
};

TEST_CASE("a page that isn't cached takes one read of its rows, and one that is takes nothing") {
  Fixture f;
  f.Asked(1, /*bulk=*/false);  // the table's index, and the first block
  const auto [reads, advices] = f.Asked(50, false);
  CHECK(reads == 1);  // of the other blocks, four or so
  CHECK(advices == 0);
  CHECK(f.Asked(50, false) == std::pair(0, 0));
}

TEST_CASE("what a long walk has read isn't kept, and what others have is used") {
  Fixture f;
  f.Asked(1, false);
  CHECK(f.Asked(150, /*bulk=*/true).first > 5);
  CHECK(f.Asked(150, true).first > 5);
  f.Asked(200, false);
  CHECK(f.Asked(150, true).first == 0);
}

}  // namespace
}  // namespace labyrinth::storage
