#include "crypto/statements/codec.h"

#include <catch2/catch.hpp>
#include <limits>

#include "common/ids.h"

namespace labyrinth::crypto {
namespace {

TEST_CASE("integers are big-endian and lv carries its length") {
  std::string out;
  AppendU8(out, 0xab);
  AppendU32(out, 0x01020304);
  AppendU64(out, 0x0102030405060708);
  AppendI64(out, -2);
  AppendLv(out, "xyz");
  CHECK(ToHex(out) == "ab010203040102030405060708fffffffffffffffe0000000378797a");
  CHECK(Lv("") == std::string(4, '\0'));
}

TEST_CASE("what was written is read back, and then nothing is left") {
  std::string out;
  AppendU8(out, 7);
  AppendU32(out, std::numeric_limits<uint32_t>::max());
  AppendU64(out, std::numeric_limits<uint64_t>::max());
  AppendI64(out, std::numeric_limits<int64_t>::min());
  AppendLv(out, std::string("a\0b", 3));
  out += std::string(16, 'm');

  ByteReader reader(out);
  CHECK(reader.U8() == 7);
  CHECK(reader.U32() == std::numeric_limits<uint32_t>::max());
  CHECK(reader.U64() == std::numeric_limits<uint64_t>::max());
  CHECK(reader.I64() == std::numeric_limits<int64_t>::min());
  CHECK(reader.Lv(3) == std::string_view("a\0b", 3));
  CHECK_FALSE(reader.AtEnd());
  CHECK(reader.Read<MailboxId>() == *MailboxId::From(std::string(16, 'm')));
  CHECK(reader.AtEnd());
}

TEST_CASE("the first read past the end fails the reader for good") {
  ByteReader reader(std::string_view("\x01\x02\x03", 3));
  CHECK(reader.U32() == 0);
  CHECK_FALSE(reader.ok());
  CHECK(reader.U8() == 0);
  CHECK(reader.Read<MailboxId>().IsZero());
  CHECK_FALSE(reader.AtEnd());
}

TEST_CASE("an lv longer than its input or its bound is refused") {
  const std::string huge("\xff\xff\xff\xff!", 5);
  ByteReader truncated(huge);
  CHECK(truncated.Lv(std::numeric_limits<uint32_t>::max()).empty());
  CHECK_FALSE(truncated.ok());

  const std::string five = Lv("12345");
  ByteReader bounded(five);
  CHECK(bounded.Lv(4).empty());
  CHECK_FALSE(bounded.ok());
}

}  // namespace
}  // namespace labyrinth::crypto
