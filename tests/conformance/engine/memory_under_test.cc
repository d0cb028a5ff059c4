#include "storage/memory/memory_engine.h"
#include "tests/conformance/engine/under_test.h"

namespace labyrinth::storage {
namespace {

class MemoryUnderTest final : public EngineUnderTest {
 public:
  Engine& engine() override { return *engine_; }
  void Close() override { engine_.reset(); }
  void Reopen() override {}

 private:
  std::unique_ptr<Engine> engine_ = std::make_unique<MemoryEngine>();
};

}  // namespace

std::unique_ptr<EngineUnderTest> MakeEngineUnderTest() { return std::make_unique<MemoryUnderTest>(); }

}  // namespace labyrinth::storage
