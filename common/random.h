// The seam through which randomness comes in. Production code has one implementation, crypto::SystemRandom; seeded ones
// live in testonly targets.
#ifndef LABYRINTH_COMMON_RANDOM_H_
#define LABYRINTH_COMMON_RANDOM_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace labyrinth {

// A cryptographically secure source of bytes. Fill never fails: an implementation that can't deliver ends the process.
// Thread-safe.
class RandomSource {
 public:
  virtual ~RandomSource() = default;
  virtual void Fill(std::span<uint8_t> out) = 0;

  // `size` random bytes for public use (nonces, ids). Secrets are drawn with crypto::RandomSecret.
  std::string Bytes(std::size_t size) {
    std::string out(size, '\0');
    Fill({reinterpret_cast<uint8_t*>(out.data()), size});
    return out;
  }

  // Uniform in [1, 2^63): the form of device, virtual-device handle and epoch ids.
  uint64_t NonZeroId() {
    for (;;) {
      uint64_t id;
      Fill({reinterpret_cast<uint8_t*>(&id), sizeof(id)});
      id >>= 1;
      if (id != 0) return id;
    }
  }
};

}  // namespace labyrinth

#endif  // LABYRINTH_COMMON_RANDOM_H_
