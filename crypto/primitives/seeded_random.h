// Replayable randomness for tests. testonly: production code can't link it.
#ifndef LABYRINTH_CRYPTO_PRIMITIVES_SEEDED_RANDOM_H_
#define LABYRINTH_CRYPTO_PRIMITIVES_SEEDED_RANDOM_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/random.h"

namespace labyrinth::crypto {

// A ChaCha20 stream keyed by the seed. Thread-safe, though calls from several threads draw in their own order.
class SeededRandom final : public RandomSource {
 public:
  explicit SeededRandom(uint64_t seed);
  void Fill(std::span<uint8_t> out) override ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  absl::Mutex mutex_;
  std::string key_ ABSL_GUARDED_BY(mutex_);
  uint64_t block_ ABSL_GUARDED_BY(mutex_) = 0;
};

// Gives out exactly the bytes it was made with, in order; drawing more, or destroying it with bytes left, ends the
// process. For known answers with fixed nonces.
class ScriptedRandom final : public RandomSource {
 public:
  explicit ScriptedRandom(std::string bytes) : bytes_(std::move(bytes)) {}
  ~ScriptedRandom() override;
  void Fill(std::span<uint8_t> out) override;

 private:
  std::string bytes_;
  std::size_t next_ = 0;
};

}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_PRIMITIVES_SEEDED_RANDOM_H_
