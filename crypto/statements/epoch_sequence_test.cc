#include "crypto/statements/epoch_sequence.h"

#include <catch2/catch.hpp>

namespace labyrinth::crypto {
namespace {

TEST_CASE("sequence ids in Base64 of their decimal text") {
  CHECK(SequenceBase64(0) == "MA==");
  CHECK(SequenceBase64(3) == "Mw==");
  CHECK(SequenceBase64(10) == "MTA=");
  CHECK(SequenceBase64(123) == "MTIz");
  CHECK(SequenceBase64(2147483647) == "MjE0NzQ4MzY0Nw==");
  CHECK(SequenceBase64(9999999999) == "OTk5OTk5OTk5OQ==");
}

TEST_CASE("Base64 sequence ids are read in their one spelling") {
  for (const uint64_t sequence : {uint64_t{0}, uint64_t{7}, uint64_t{42}, uint64_t{100}, uint64_t{99999999999}}) {
    CHECK(ParseSequenceBase64(SequenceBase64(sequence)) == sequence);
  }
  // Unpadded, stray bits, a leading zero, text, too long, wrong alphabet, surplus padding.
  for (const char* text : {"", "MA", "MB==", "MDA=", "YWJj", "MTAwMDAwMDAwMDAw", "M-==", "MA===", "=", "MA==MA=="}) {
    INFO(text);
    CHECK_FALSE(ParseSequenceBase64(text).has_value());
  }
}

TEST_CASE("a decimal sequence id has at most 11 digits and no other characters") {
  CHECK(ParseSequence("0") == 0u);
  CHECK(ParseSequence("2147483647") == 2147483647u);
  CHECK(ParseSequence("99999999999") == 99999999999u);
  for (const std::string_view text :
       {std::string_view(""), std::string_view("00"), std::string_view("03"), std::string_view("+1"),
        std::string_view("-1"), std::string_view(" 1"), std::string_view("1 "), std::string_view("1.0"),
        std::string_view("0x1"), std::string_view("MA=="), std::string_view("100000000000"), std::string_view("1\0", 2),
        std::string_view("1\n"), std::string_view("\xef\xbc\x91")}) {
    INFO(text);
    CHECK_FALSE(ParseSequence(text).has_value());
  }
  // A root key that happens to begin with digits is still too long.
  CHECK_FALSE(ParseSequence(std::string(32, '1')).has_value());
}

}  // namespace
}  // namespace labyrinth::crypto
