#include "storage/rocksdb/rocksdb_engine.h"
#include "tests/conformance/blobs/under_test.h"
#include "tests/conformance/engine/store_on_disk.h"

namespace labyrinth::storage {
namespace {

class RocksdbUnderTest final : public BlobsUnderTest {
 public:
  RocksdbUnderTest() : engine_(MustOpen(dir_.path())) {}
  BlobStore& blobs() override { return engine_->blobs(); }
  void Close() override { engine_.reset(); }
  void Reopen() override {
    engine_.reset();
    engine_ = MustOpen(dir_.path());
  }

 private:
  TempDir dir_;
  std::unique_ptr<RocksdbEngine> engine_;
};

}  // namespace

std::unique_ptr<BlobsUnderTest> MakeBlobsUnderTest() { return std::make_unique<RocksdbUnderTest>(); }

}  // namespace labyrinth::storage
