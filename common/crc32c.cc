#include "common/crc32c.h"

#include <array>
#include <cstddef>

namespace labyrinth {
namespace {

constexpr uint32_t kPolynomial = 0x82f63b78;  // bits reflected
constexpr std::size_t kStride = 8;            // bytes a step: a table for each

using Tables = std::array<std::array<uint32_t, 256>, kStride>;

// kTables[0] advances the register by one byte; kTables[i] tells what a byte that lies i bytes further back adds.
constexpr Tables MakeTables() {
  Tables tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    tables[0][byte] = crc;
  }
  for (std::size_t i = 1; i < kStride; ++i) {
    for (uint32_t byte = 0; byte < 256; ++byte) {
      const uint32_t before = tables[i - 1][byte];
      tables[i][byte] = (before >> 8) ^ tables[0][before & 0xff];
    }
  }
  return tables;
}

constexpr Tables kTables = MakeTables();

uint32_t Byte(std::string_view data, std::size_t at) { return static_cast<unsigned char>(data[at]); }

uint32_t LittleEndian(std::string_view data, std::size_t at) {
  return Byte(data, at) | Byte(data, at + 1) << 8 | Byte(data, at + 2) << 16 | Byte(data, at + 3) << 24;
}

}  // namespace

uint32_t Crc32c(std::string_view data) { return ExtendCrc32c(0, data); }

uint32_t ExtendCrc32c(uint32_t crc, std::string_view data) {
  crc ^= 0xffffffff;
  std::size_t at = 0;
  for (; data.size() - at >= kStride; at += kStride) {
    const uint32_t low = crc ^ LittleEndian(data, at);
    const uint32_t high = LittleEndian(data, at + 4);
    crc = kTables[7][low & 0xff] ^ kTables[6][low >> 8 & 0xff] ^ kTables[5][low >> 16 & 0xff] ^ kTables[4][low >> 24] ^
          kTables[3][high & 0xff] ^ kTables[2][high >> 8 & 0xff] ^ kTables[1][high >> 16 & 0xff] ^
          kTables[0][high >> 24];
  }
  for (; at < data.size(); ++at) crc = (crc >> 8) ^ kTables[0][(crc ^ Byte(data, at)) & 0xff];
  return crc ^ 0xffffffff;
}

}  // namespace labyrinth
