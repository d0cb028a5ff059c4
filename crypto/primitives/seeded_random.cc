#include "crypto/primitives/seeded_random.h"

#include <sodium/crypto_stream_chacha20.h>

#include <algorithm>

#include "crypto/primitives/fatal.h"

namespace labyrinth::crypto {
namespace {

constexpr std::size_t kBlockBytes = 64;

}  // namespace

SeededRandom::SeededRandom(uint64_t seed) : key_(crypto_stream_chacha20_KEYBYTES, '\0') {
  EnsureSodium();
  for (std::size_t i = 0; i < sizeof(seed); ++i) key_[i] = static_cast<char>(seed >> (8 * i));
}

void SeededRandom::Fill(std::span<uint8_t> out) {
  static constexpr uint8_t kNonce[crypto_stream_chacha20_NONCEBYTES] = {};
  absl::MutexLock lock(&mutex_);
  std::fill(out.begin(), out.end(), uint8_t{0});
  crypto_stream_chacha20_xor_ic(out.data(), out.data(), out.size(), kNonce, block_,
                                reinterpret_cast<const uint8_t*>(key_.data()));
  // A call starts on a block of its own: what it leaves over isn't given out.
  block_ += (out.size() + kBlockBytes - 1) / kBlockBytes;
}

ScriptedRandom::~ScriptedRandom() { Require(next_ == bytes_.size(), "scripted random bytes were left over"); }

void ScriptedRandom::Fill(std::span<uint8_t> out) {
  Require(out.size() <= bytes_.size() - next_, "more random bytes were drawn than scripted");
  std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(next_), out.size(), out.begin());
  next_ += out.size();
}

}  // namespace labyrinth::crypto
