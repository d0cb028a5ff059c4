// The byte codec of log entries and statements (protocol section 8): big-endian integers, and lv(x), a four-byte
// big-endian length and x.
#ifndef LABYRINTH_CRYPTO_STATEMENTS_CODEC_H_
#define LABYRINTH_CRYPTO_STATEMENTS_CODEC_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/bytes.h"

namespace labyrinth::crypto {

void AppendU8(std::string& out, uint8_t value);
void AppendU32(std::string& out, uint32_t value);
void AppendU64(std::string& out, uint64_t value);
void AppendI64(std::string& out, int64_t value);  // two's complement
// `value` is below 2^32 bytes; a longer one is a programming error and ends the process.
void AppendLv(std::string& out, std::string_view value);

std::string Lv(std::string_view value);

// Reads what the functions above wrote. The first read past the end fails the reader for good; from then on every read
// returns zeros or nothing, so that a decoder reads all fields and asks once. Thread-compatible; borrows its input.
class ByteReader {
 public:
  explicit ByteReader(std::string_view input) : rest_(input) {}

  uint8_t U8();
  uint32_t U32();
  uint64_t U64();
  int64_t I64();
  // At most `max_size` bytes; more fails the reader.
  std::string_view Lv(std::size_t max_size);
  std::string_view Bytes(std::size_t size);

  template <typename Fixed>
  Fixed Read() {
    return Fixed::From(Bytes(Fixed::kSize)).value_or(Fixed());
  }

  bool ok() const { return ok_; }
  // All read, and nothing left over.
  bool AtEnd() const { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_STATEMENTS_CODEC_H_
