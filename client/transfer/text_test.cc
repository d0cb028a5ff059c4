#include "client/transfer/text.h"

#include <catch2/catch.hpp>

namespace labyrinth::client {
namespace {

std::string Repaired(std::string text, Latin1Repair expected) {
  REQUIRE(RepairLatin1(text) == expected);
  return text;
}

TEST_CASE("UTF-8 is checked as the standard says") {
  for (const char* good : {"", "a", "\u00e9", "\u20ac", "\U0001f600", "\u0000x", "\U0010ffff", "\ud7ff", "\ue000"}) {
    CHECK(IsValidUtf8(good));
  }
  const std::string_view bad[] = {
      "\x80",              // continuation alone
      "\xc3",              // cut off
      "\xc0\xaf",          // overlong '/'
      "\xe0\x80\xaf",      // overlong '/', three bytes
      "\xf0\x80\x80\xaf",  // four bytes
      "\xed\xa0\x80",      // surrogate
      "\xf4\x90\x80\x80",  // above U+10FFFF
      "\xf5\x80\x80\x80",
      "\xff",
      "a\xe2\x82",
  };
  for (std::string_view text : bad) CHECK_FALSE(IsValidUtf8(text));
}

TEST_CASE("Messenger's escaped bytes become the text that they spell") {
  CHECK(Repaired("plain text", Latin1Repair::kPlain) == "plain text");
  CHECK(Repaired("", Latin1Repair::kPlain).empty());
  // What a JSON parser makes of "\u00c3\u00bc" and "\u00f0\u009f\u0098\u0080".
  CHECK(Repaired("\u00c3\u00bc", Latin1Repair::kRepaired) == "ü");
  CHECK(Repaired("a \u00f0\u009f\u0098\u0080 b", Latin1Repair::kRepaired) == "a \U0001f600 b");
}

TEST_CASE("What isn't escaped that way stays as it is") {
  // A correct text above U+00FF; one that is Latin-1 by itself; one that is half and half.
  CHECK(Repaired("\u20ac 5", Latin1Repair::kKept) == "\u20ac 5");
  CHECK(Repaired("caf\u00e9", Latin1Repair::kKept) == "caf\u00e9");
  CHECK(Repaired("\u00c3\u00bc \u00e9", Latin1Repair::kKept) == "\u00c3\u00bc \u00e9");
  // Bytes that spell a surrogate are no UTF-8 either.
  CHECK(Repaired("\u00ed\u00a0\u0080", Latin1Repair::kKept) == "\u00ed\u00a0\u0080");
}

TEST_CASE("Printed text can't drive a terminal") {
  CHECK(Printable("ordinary \u00fc \U0001f600") == "ordinary \u00fc \U0001f600");
  CHECK(Printable("\x1b[2J") == "\\x1b[2J");
  CHECK(Printable("a\nb\tc\r") == "a\\x0ab\\x09c\\x0d");
  CHECK(Printable("\u009b2J") == "\\u{009b}2J");            // the one-character form of ESC [
  CHECK(Printable("\u202etxt.exe") == "\\u{202e}txt.exe");  // right-to-left override
  CHECK(Printable("\x7f") == "\\x7f");
  CHECK(Printable("\xff\xc3") == "\\xff\\xc3");
  CHECK(PrintableLines("a\n\tb\r\x1b") == "a\n\tb\\x0d\\x1b");
}

}  // namespace
}  // namespace labyrinth::client
