// The messages that every contender stores and serves: as if encrypted, and each a function of its number, so that
// whatever comes back can be compared byte for byte.
#ifndef LABYRINTH_TOOLS_BENCH_PAYLOAD_H_
#define LABYRINTH_TOOLS_BENCH_PAYLOAD_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "proto/labyrinth/v1/history.pb.h"

namespace labyrinth::bench {

inline constexpr std::size_t kCiphertextBytes = 1024;
inline constexpr std::size_t kIdBytes = 16;  // of threads and messages
inline constexpr int64_t kFirstMs = 1'600'000'000'000;
inline constexpr uint32_t kCipherVersion = 3;

// Immutable after construction: thread-safe.
class Payload {
 public:
  explicit Payload(uint64_t seed);

  // Message number n is the n-th by time, one a millisecond, and of thread n % threads.
  std::string MessageId(uint64_t n) const { return Id(1, n); }
  std::string ThreadId(uint64_t thread) const { return Id(2, thread); }
  static int64_t TimestampMs(uint64_t n) { return kFirstMs + static_cast<int64_t>(n); }
  // Random bytes, which no compression shrinks.
  std::string_view Ciphertext(uint64_t n) const;

  void Fill(uint64_t n, uint64_t threads, v1::Message& out) const;
  // OK if it is message TimestampMs names, whole; DATA_LOSS says what differs.
  absl::Status Check(const v1::Message& message, uint64_t threads) const;

 private:
  std::string Id(uint64_t kind, uint64_t n) const;

  const uint64_t seed_;
  std::string pool_;
};

// A well-mixed function of its input (the finalizer of SplitMix64, Steele et al. 2014).
uint64_t Mix(uint64_t x);

}  // namespace labyrinth::bench

#endif  // LABYRINTH_TOOLS_BENCH_PAYLOAD_H_
