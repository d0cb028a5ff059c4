// The row cache over the memory engine. It remembers every second key, and has little room.
#include "storage/memory/memory_engine.h"
#include "storage/row_cache.h"
#include "tests/conformance/engine/under_test.h"

namespace labyrinth::storage {
namespace {

constexpr std::size_t kCacheBytes = 32 * 1024;

class CachedUnderTest final : public EngineUnderTest {
 public:
  Engine& engine() override { return *cache_; }
  void Close() override {
    cache_.reset();
    engine_.reset();
  }
  void Reopen() override { cache_ = MakeCache(); }

 private:
  std::unique_ptr<RowCache> MakeCache() {
    return std::make_unique<RowCache>(
        *engine_, [](std::string_view key) { return !key.empty() && key.back() % 2 == 0; }, kCacheBytes);
  }

  std::unique_ptr<Engine> engine_ = std::make_unique<MemoryEngine>();
  std::unique_ptr<RowCache> cache_ = MakeCache();
};

}  // namespace

std::unique_ptr<EngineUnderTest> MakeEngineUnderTest() { return std::make_unique<CachedUnderTest>(); }

}  // namespace labyrinth::storage
