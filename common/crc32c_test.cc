#include "common/crc32c.h"

#include <catch2/catch.hpp>
#include <string>

namespace labyrinth {
namespace {

std::string Counting(int first, int step) {
  std::string out;
  for (int i = 0; i < 32; ++i) out.push_back(static_cast<char>(first + step * i));
  return out;
}

// One bit at a time, from the definition.
uint32_t Slow(std::string_view data) {
  uint32_t crc = 0xffffffff;
  for (const char c : data) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78 : 0);
  }
  return ~crc;
}

TEST_CASE("CRC-32C gives RFC 3720's known answers") {
  CHECK(Crc32c("") == 0);
  CHECK(Crc32c("123456789") == 0xe3069283);
  CHECK(Crc32c(std::string(32, '\0')) == 0x8a9136aa);
  CHECK(Crc32c(std::string(32, '\xff')) == 0x62a8ab43);
  CHECK(Crc32c(Counting(0, 1)) == 0x46dd794e);
  CHECK(Crc32c(Counting(31, -1)) == 0x113fdb5c);
}

TEST_CASE("every short length and alignment agrees with the definition, and long ones, whole and in two parts") {
  std::string data;
  for (int i = 0; i < 40'000; ++i) data.push_back(static_cast<char>((i * 37 + 11) ^ (i >> 7)));
  const std::string_view all = data;
  for (std::size_t begin = 0; begin < 9; ++begin) {
    for (std::size_t size = 0; size < 80; ++size)
      REQUIRE(Crc32c(all.substr(begin, size)) == Slow(all.substr(begin, size)));
    for (std::size_t size = 80; begin + size <= all.size(); size += 1 + size / 9) {
      const std::string_view part = all.substr(begin, size);
      REQUIRE(Crc32c(part) == Slow(part));
      REQUIRE(ExtendCrc32c(Crc32c(part.substr(0, size / 3)), part.substr(size / 3)) == Slow(part));
    }
  }
}

}  // namespace
}  // namespace labyrinth
