// That RocksDB's checksum and ours are one: where ours stands in its place, and where it doesn't.
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <string>

#include "common/crc32c.h"

// In none of RocksDB's public headers.
namespace rocksdb::crc32c {
uint32_t Extend(uint32_t crc, const char* data, std::size_t size);
}

#ifdef LABYRINTH_WRAPS_ROCKSDB  // the linker was asked to
extern "C" uint32_t __wrap__ZN7rocksdb6crc32c6ExtendEjPKcm(uint32_t crc, const char* data, std::size_t size);
extern "C" uint32_t __real__ZN7rocksdb6crc32c6ExtendEjPKcm(uint32_t crc, const char* data, std::size_t size);
#endif

namespace labyrinth::storage {
namespace {

void CheckAgrees(uint32_t (*extend)(uint32_t, const char*, std::size_t)) {
  std::string data;
  for (int i = 0; i < 40'000; ++i) data.push_back(static_cast<char>((i * 31 + 7) ^ (i >> 8)));
  for (std::size_t size = 0; size <= data.size(); size += 1 + size / 7) {
    const std::string_view a = std::string_view(data).substr(0, size / 3), all = std::string_view(data).substr(0, size);
    const std::string_view b = all.substr(a.size());
    REQUIRE(extend(0, all.data(), all.size()) == Crc32c(all));
    REQUIRE(extend(Crc32c(a), b.data(), b.size()) == Crc32c(all));
  }
}

TEST_CASE("RocksDB's CRC-32C is ours") { CheckAgrees(&::rocksdb::crc32c::Extend); }

#ifdef LABYRINTH_WRAPS_ROCKSDB
TEST_CASE("calls of RocksDB's CRC-32C come to ours, which agrees with what they came to before") {
  CHECK(&::rocksdb::crc32c::Extend == &__wrap__ZN7rocksdb6crc32c6ExtendEjPKcm);
  CheckAgrees(&__real__ZN7rocksdb6crc32c6ExtendEjPKcm);
}
#endif

}  // namespace
}  // namespace labyrinth::storage
