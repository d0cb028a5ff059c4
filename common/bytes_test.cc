#include "common/bytes.h"

#include <catch2/catch.hpp>

#include "common/ids.h"

namespace labyrinth {
namespace {

TEST_CASE("hexadecimal text is undone exactly and refused when malformed") {
  const std::string bytes("\x00\x7f\x80\xff", 4);
  CHECK(ToHex(bytes) == "007f80ff");
  CHECK(FromHex("007F80ff") == bytes);
  CHECK_FALSE(FromHex("0").has_value());
  CHECK_FALSE(FromHex("0g").has_value());
}

TEST_CASE("fixed bytes accept their exact size alone") {
  CHECK(MailboxId::From(std::string(16, 'x')).has_value());
  CHECK_FALSE(MailboxId::From(std::string(15, 'x')).has_value());
  CHECK_FALSE(MailboxId::From(std::string(17, 'x')).has_value());
  CHECK(MailboxId().IsZero());
}

TEST_CASE("numeric ids are non-zero and below 2^63") {
  CHECK_FALSE(DeviceId().valid());
  CHECK(DeviceId(1).valid());
  CHECK_FALSE(DeviceId(uint64_t{1} << 63).valid());
}

}  // namespace
}  // namespace labyrinth
