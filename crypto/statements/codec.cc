#include "crypto/statements/codec.h"

#include <cstdlib>
#include <limits>

namespace labyrinth::crypto {
namespace {

template <typename Unsigned>
void AppendBigEndian(std::string& out, Unsigned value) {
  for (int shift = 8 * (static_cast<int>(sizeof(value)) - 1); shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(value >> shift & 0xff));
  }
}

template <typename Unsigned>
Unsigned FromBigEndian(std::string_view bytes) {
  Unsigned value = 0;
  for (const char c : bytes) value = static_cast<Unsigned>(value << 8 | static_cast<uint8_t>(c));
  return value;
}

}  // namespace

void AppendU8(std::string& out, uint8_t value) { out.push_back(static_cast<char>(value)); }
void AppendU32(std::string& out, uint32_t value) { AppendBigEndian(out, value); }
void AppendU64(std::string& out, uint64_t value) { AppendBigEndian(out, value); }
void AppendI64(std::string& out, int64_t value) { AppendBigEndian(out, static_cast<uint64_t>(value)); }

void AppendLv(std::string& out, std::string_view value) {
  if (value.size() > std::numeric_limits<uint32_t>::max()) std::abort();
  AppendU32(out, static_cast<uint32_t>(value.size()));
  out.append(value);
}

std::string Lv(std::string_view value) {
  std::string out;
  AppendLv(out, value);
  return out;
}

std::string_view ByteReader::Bytes(std::size_t size) {
  if (!ok_ || size > rest_.size()) {
    ok_ = false;
    return {};
  }
  const std::string_view out = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return out;
}

uint8_t ByteReader::U8() {
  const std::string_view byte = Bytes(1);
  return byte.empty() ? uint8_t{0} : static_cast<uint8_t>(byte[0]);
}

uint32_t ByteReader::U32() { return FromBigEndian<uint32_t>(Bytes(sizeof(uint32_t))); }
uint64_t ByteReader::U64() { return FromBigEndian<uint64_t>(Bytes(sizeof(uint64_t))); }
int64_t ByteReader::I64() { return static_cast<int64_t>(U64()); }

std::string_view ByteReader::Lv(std::size_t max_size) {
  const uint32_t size = U32();
  if (size > max_size) ok_ = false;
  return Bytes(size);
}

}  // namespace labyrinth::crypto
