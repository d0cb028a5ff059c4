// SHA-256 over what doesn't fit into memory.
#ifndef LABYRINTH_CRYPTO_PRIMITIVES_SHA256_STREAM_H_
#define LABYRINTH_CRYPTO_PRIMITIVES_SHA256_STREAM_H_

#include <memory>
#include <string_view>

#include "crypto/primitives/hash.h"

namespace labyrinth::crypto {

// The digest of the concatenation of what was added. Move-only; thread-compatible.
class Sha256Stream {
 public:
  Sha256Stream();
  Sha256Stream(Sha256Stream&&) noexcept;
  Sha256Stream& operator=(Sha256Stream&&) noexcept;
  ~Sha256Stream();

  void Add(std::string_view bytes);
  // Call once, last.
  Sha256Digest Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_PRIMITIVES_SHA256_STREAM_H_
