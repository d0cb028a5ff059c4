// RocksDB's CRC-32C, of log records and of whole tables, by our own. Debian builds RocksDB for every x86-64, so its own
// goes byte by byte: an eighth of what RocksDB costs a save. Where programs link RocksDB's archive, the linker puts
// this function in the place of each call (BUILD.bazel).
#include <cstddef>
#include <cstdint>

#include "common/crc32c.h"

// In the place of rocksdb::crc32c::Extend: Crc32c(a || data), where `crc` is Crc32c(a).
extern "C" uint32_t __wrap__ZN7rocksdb6crc32c6ExtendEjPKcm(uint32_t crc, const char* data, std::size_t size) {
  return labyrinth::ExtendCrc32c(crc, {data, size});
}
