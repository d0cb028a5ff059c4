#include "crypto/primitives/fatal.h"

#include <sodium.h>

#include <cstdio>
#include <cstdlib>

namespace labyrinth::crypto {

void Fatal(const char* what) {
  std::fprintf(stderr, "labyrinth crypto: %s\n", what);
  std::abort();
}

void EnsureSodium() {
  static const bool ready = sodium_init() >= 0;
  Require(ready, "libsodium could not be initialised");
}

}  // namespace labyrinth::crypto
