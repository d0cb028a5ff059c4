#include "common/crc32c.h"

#include <isa-l/crc.h>

#include <cstddef>
#include <limits>

namespace labyrinth {
namespace {

// The library counts in int.
constexpr std::size_t kLongestPart = std::numeric_limits<int>::max();

}  // namespace

uint32_t Crc32c(std::string_view data) { return ExtendCrc32c(0, data); }

// Its register is that of the algorithm, which is inverted before and after.
uint32_t ExtendCrc32c(uint32_t crc, std::string_view data) {
  uint32_t reg = ~crc;
  while (!data.empty()) {
    const std::string_view part = data.substr(0, kLongestPart);
    reg = crc32_iscsi(reinterpret_cast<unsigned char*>(const_cast<char*>(part.data())), static_cast<int>(part.size()),
                      reg);
    data.remove_prefix(part.size());
  }
  return ~reg;
}

}  // namespace labyrinth
