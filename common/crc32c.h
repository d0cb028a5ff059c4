// CRC-32C (Castagnoli; RFC 3720, section 12.1): the checksum of chunks in transit. It finds accidents, not attacks.
#ifndef LABYRINTH_COMMON_CRC32C_H_
#define LABYRINTH_COMMON_CRC32C_H_

#include <cstdint>
#include <string_view>

namespace labyrinth {

// 0 for no bytes. By the processor's own instructions where it has them.
uint32_t Crc32c(std::string_view data);

// Crc32c(a || data), where `crc` is Crc32c(a).
uint32_t ExtendCrc32c(uint32_t crc, std::string_view data);

}  // namespace labyrinth

#endif  // LABYRINTH_COMMON_CRC32C_H_
