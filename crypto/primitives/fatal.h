// The end of the process, for what only a bug or a broken machine can cause.
#ifndef LABYRINTH_CRYPTO_PRIMITIVES_FATAL_H_
#define LABYRINTH_CRYPTO_PRIMITIVES_FATAL_H_

namespace labyrinth::crypto {

// Prints `what` to stderr and aborts.
[[noreturn]] void Fatal(const char* what);

// Aborts unless `holds`. Unlike assert() it stays in release builds: going on without a key is worse than stopping.
inline void Require(bool holds, const char* what) {
  if (!holds) Fatal(what);
}

// libsodium's one-time set-up. Cheap after the first call; thread-safe.
void EnsureSodium();

}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_PRIMITIVES_FATAL_H_
