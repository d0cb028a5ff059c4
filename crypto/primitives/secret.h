// Bytes that must not leak: keys, shared secrets, recovery codes.
#ifndef LABYRINTH_CRYPTO_PRIMITIVES_SECRET_H_
#define LABYRINTH_CRYPTO_PRIMITIVES_SECRET_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "common/random.h"

namespace labyrinth::crypto {

// Owns secret bytes of any length and wipes them on destruction. Move-only, so that every copy is a visible Clone();
// has no stream operator and no comparison; RevealSecret() is the one way to read it, so a reviewer can grep for every
// use. A moved-from Secret is empty. Thread-compatible.
class Secret {
 public:
  Secret() = default;
  // `size` zero bytes, to be filled through MutableSecret().
  explicit Secret(std::size_t size);
  // Copies `bytes`; the caller remains responsible for wiping its own copy.
  static Secret CopyOf(std::string_view bytes);
  static Secret CopyOf(std::span<const uint8_t> bytes);
  // Takes `bytes` over and wipes the string.
  static Secret TakeAndWipe(std::string&& bytes);

  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  Secret Clone() const;
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }

  // Valid until the Secret is moved from or destroyed.
  std::string_view RevealSecret() const;
  std::span<uint8_t> MutableSecret();

 private:
  void Wipe();

  std::unique_ptr<uint8_t[]> bytes_;
  std::size_t size_ = 0;
};

// `size` fresh bytes.
Secret RandomSecret(std::size_t size, RandomSource& random);

// Overwrites bytes that the compiler would otherwise consider dead.
void WipeBytes(void* data, std::size_t size);

// Overwrites the stack below the caller's frame, where a library call that has just returned may have left key
// material.
void WipeDeadStack();

// True iff equal; the time depends on the lengths alone.
bool ConstantTimeEquals(std::string_view a, std::string_view b);

}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_PRIMITIVES_SECRET_H_
