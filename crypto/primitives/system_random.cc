#include "crypto/primitives/system_random.h"

#include <openssl/rand.h>

#include "crypto/primitives/fatal.h"

namespace labyrinth::crypto {

void SystemRandom::Fill(std::span<uint8_t> out) {
  Require(RAND_bytes(out.data(), out.size()) == 1, "the operating system gave no random bytes");
}

}  // namespace labyrinth::crypto
