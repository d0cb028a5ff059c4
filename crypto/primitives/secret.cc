#include "crypto/primitives/secret.h"

#include <sodium.h>

#include <cstring>
#include <utility>

namespace labyrinth::crypto {

Secret::Secret(std::size_t size) : bytes_(size == 0 ? nullptr : std::make_unique<uint8_t[]>(size)), size_(size) {}

Secret Secret::CopyOf(std::string_view bytes) {
  Secret out(bytes.size());
  if (!bytes.empty()) std::memcpy(out.bytes_.get(), bytes.data(), bytes.size());
  return out;
}

Secret Secret::CopyOf(std::span<const uint8_t> bytes) {
  return CopyOf(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

Secret Secret::TakeAndWipe(std::string&& bytes) {
  Secret out = CopyOf(std::string_view(bytes));
  WipeBytes(bytes.data(), bytes.size());
  bytes.clear();
  return out;
}

Secret::Secret(Secret&& other) noexcept : bytes_(std::move(other.bytes_)), size_(std::exchange(other.size_, 0)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    Wipe();
    bytes_ = std::move(other.bytes_);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

Secret::~Secret() { Wipe(); }

Secret Secret::Clone() const { return CopyOf(RevealSecret()); }

std::string_view Secret::RevealSecret() const { return {reinterpret_cast<const char*>(bytes_.get()), size_}; }

std::span<uint8_t> Secret::MutableSecret() { return {bytes_.get(), size_}; }

void Secret::Wipe() { WipeBytes(bytes_.get(), size_); }

Secret RandomSecret(std::size_t size, RandomSource& random) {
  Secret out(size);
  random.Fill(out.MutableSecret());
  return out;
}

void WipeBytes(void* data, std::size_t size) {
  if (size != 0) sodium_memzero(data, size);
}

void WipeDeadStack() {
  // A page or two: the libraries' frames hold a few field elements, a hash's schedule or an AES key schedule.
  constexpr std::size_t kBytes = 8 * 1024;
  sodium_stackzero(kBytes);
}

bool ConstantTimeEquals(std::string_view a, std::string_view b) {
  return a.size() == b.size() && (a.empty() || sodium_memcmp(a.data(), b.data(), a.size()) == 0);
}

}  // namespace labyrinth::crypto
