#include "storage/rocksdb/rocksdb_engine.h"
#include "tests/conformance/engine/store_on_disk.h"
#include "tests/conformance/engine/under_test.h"

namespace labyrinth::storage {
namespace {

class RocksdbUnderTest final : public EngineUnderTest {
 public:
  RocksdbUnderTest() : engine_(MustOpen(dir_.path())) {}
  Engine& engine() override { return *engine_; }
  void Close() override { engine_.reset(); }
  void Reopen() override {
    engine_.reset();
    engine_ = MustOpen(dir_.path());
  }

 private:
  TempDir dir_;
  std::unique_ptr<Engine> engine_;
};

}  // namespace

std::unique_ptr<EngineUnderTest> MakeEngineUnderTest() { return std::make_unique<RocksdbUnderTest>(); }

}  // namespace labyrinth::storage
