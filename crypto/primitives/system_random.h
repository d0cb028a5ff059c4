// The production source of randomness: the operating system's CSPRNG through BoringSSL.
#ifndef LABYRINTH_CRYPTO_PRIMITIVES_SYSTEM_RANDOM_H_
#define LABYRINTH_CRYPTO_PRIMITIVES_SYSTEM_RANDOM_H_

#include <cstdint>
#include <span>

#include "common/random.h"

namespace labyrinth::crypto {

// Thread-safe.
class SystemRandom final : public RandomSource {
 public:
  void Fill(std::span<uint8_t> out) override;
};

}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_PRIMITIVES_SYSTEM_RANDOM_H_
