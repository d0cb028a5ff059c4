#include "crypto/primitives/padding.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "crypto/primitives/release_watch.h"

namespace labyrinth::crypto {
namespace {

TEST_CASE("a class holds its lengths, costs at most an eighth more, and is a class of its own") {
  std::set<std::size_t> classes;
  for (std::size_t length = 0; length <= 70000; ++length) {
    const std::size_t padded = PaddedLength(length);
    REQUIRE(padded >= length);
    REQUIRE(padded >= 10);
    if (length >= 10) REQUIRE((padded - length) * 8 <= length);
    REQUIRE(PaddedLength(padded) == padded);
    classes.insert(padded);
  }
  // 2^(1 + floor(log2 E)) classes an octave: 4 from 8 up, 8 from 16, 16 from 256, 32 from 65536.
  CHECK(classes.size() <= 4 + 4 * 8 + 8 * 16 + 32);
}

TEST_CASE("padding is undone exactly") {
  for (std::size_t length = 0; length < 600; ++length) {
    const std::string plaintext(length, static_cast<char>(length));
    const Secret padded = Pad(plaintext);
    REQUIRE(padded.size() == 4 + PaddedLength(length));
    const absl::StatusOr<Secret> back = Unpad(padded.RevealSecret());
    REQUIRE(back.ok());
    REQUIRE(back->RevealSecret() == plaintext);
  }
}

TEST_CASE("a length that doesn't fit is damage") {
  using namespace std::string_literals;
  for (const std::string& bad : {""s, "\0"s, "\0\0\0"s, "\0\0\0\x01"s,
                                 "\0\0\0\x03"s
                                 "ab",
                                 "\xff\xff\xff\xff"s
                                 "ab",
                                 "\x80\0\0\0"s
                                 "ab",
                                 "\0\x01\0\0"s
                                 "ab"}) {
    CHECK(absl::IsDataLoss(Unpad(bad).status()));
  }
  CHECK(Unpad("\0\0\0\0"s)->empty());
  CHECK(Unpad("\0\0\0\x02"s
              "ab")
            ->RevealSecret() == "ab");
}

TEST_CASE("neither side leaves the plaintext behind") {
  const std::string plaintext = "a plaintext that is long enough to be told apart";
  ReleaseWatch watch(plaintext);
  CHECK(Unpad(Pad(plaintext).RevealSecret()).ok());
  CHECK(watch.released() >= 2);
  CHECK(watch.released_with_marker() == 0);
}

}  // namespace
}  // namespace labyrinth::crypto
