#include "crypto/primitives/secret.h"

#include <array>
#include <catch2/catch.hpp>
#include <concepts>
#include <ostream>
#include <string>
#include <type_traits>
#include <utility>

#include "crypto/primitives/release_watch.h"
#include "crypto/primitives/seeded_random.h"

namespace labyrinth::crypto {
namespace {

// Longer than what a std::string keeps inside itself.
const std::string kMarker = "\x91\x5e\x07\xc3\xaa\x1b\xf2\x68\x3d\xd4\x86\x29\xee\x70\xb5\x4c-and-more-than-inline";

template <typename T>
concept Streamable = requires(std::ostream& out, const T& value) {
  out << value;
};

TEST_CASE("the watch sees what isn't wiped") {
  ReleaseWatch watch(kMarker);
  { const std::string plain(kMarker); }
  CHECK(watch.released_with_marker() == 1);
}

TEST_CASE("a secret is wiped before its memory is released") {
  ReleaseWatch watch(kMarker);
  SECTION("at its end") {
    { const Secret secret = Secret::CopyOf(kMarker); }
    CHECK(watch.released() > 0);
  }
  SECTION("when another is moved over it") {
    Secret secret = Secret::CopyOf(kMarker);
    secret = Secret::CopyOf("other");
    CHECK(secret.RevealSecret() == "other");
    CHECK(watch.released() > 0);
  }
  SECTION("and so is its clone") {
    {
      const Secret secret = Secret::CopyOf(kMarker);
      const Secret clone = secret.Clone();
      CHECK(clone.RevealSecret() == kMarker);
      CHECK(clone.RevealSecret().data() != secret.RevealSecret().data());
    }
    CHECK(watch.released() > 0);
  }
  SECTION("and so is what it was filled with") {
    {
      Secret secret(kMarker.size());
      std::copy(kMarker.begin(), kMarker.end(), secret.MutableSecret().begin());
    }
    CHECK(watch.released() > 0);
  }
  CHECK(watch.released_with_marker() == 0);
}

TEST_CASE("a string that is taken over is wiped and emptied") {
  ReleaseWatch watch(kMarker);
  {
    std::string text(kMarker);
    const Secret secret = Secret::TakeAndWipe(std::move(text));
    CHECK(secret.RevealSecret() == kMarker);
    CHECK(text.empty());  // NOLINT: what this test is about
  }
  CHECK(watch.released() > 0);
  CHECK(watch.released_with_marker() == 0);
}

TEST_CASE("a moved-from secret is empty") {
  Secret from = Secret::CopyOf("abc");
  Secret to(std::move(from));
  CHECK(from.empty());
  CHECK(from.RevealSecret().empty());
  CHECK(from.MutableSecret().empty());
  CHECK(to.RevealSecret() == "abc");
  Secret assigned;
  assigned = std::move(to);
  CHECK(to.empty());
  CHECK(assigned.RevealSecret() == "abc");
  Secret& itself = assigned;
  assigned = std::move(itself);
  CHECK(assigned.RevealSecret() == "abc");
}

TEST_CASE("an empty secret has no bytes, a sized one zeros") {
  CHECK(Secret().empty());
  CHECK(Secret(0).RevealSecret().empty());
  CHECK(Secret::CopyOf("").Clone().empty());
  CHECK(Secret(3).RevealSecret() == std::string(3, '\0'));
}

TEST_CASE("a secret can't be copied, compared or printed by accident") {
  STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<Secret>);
  STATIC_REQUIRE_FALSE(std::is_copy_assignable_v<Secret>);
  STATIC_REQUIRE_FALSE(std::equality_comparable<Secret>);
  STATIC_REQUIRE_FALSE(Streamable<Secret>);
  STATIC_REQUIRE(std::is_nothrow_move_constructible_v<Secret>);
  STATIC_REQUIRE(std::is_nothrow_move_assignable_v<Secret>);
}

TEST_CASE("wiping overwrites exactly what it is told") {
  std::array<char, 4> bytes = {'a', 'b', 'c', 'd'};
  WipeBytes(bytes.data() + 1, 2);
  CHECK(bytes == std::array<char, 4>{'a', 0, 0, 'd'});
  WipeBytes(nullptr, 0);
}

TEST_CASE("equality is of length and every byte") {
  CHECK(ConstantTimeEquals("", ""));
  CHECK(ConstantTimeEquals("abc", "abc"));
  CHECK(ConstantTimeEquals(std::string_view("a\0b", 3), std::string_view("a\0b", 3)));
  CHECK_FALSE(ConstantTimeEquals(std::string_view("a\0b", 3), std::string_view("a\0c", 3)));
  CHECK_FALSE(ConstantTimeEquals("abc", "abd"));
  CHECK_FALSE(ConstantTimeEquals("abc", "bbc"));
  CHECK_FALSE(ConstantTimeEquals("abc", "ab"));
  CHECK_FALSE(ConstantTimeEquals("abc", "abcd"));
  CHECK_FALSE(ConstantTimeEquals("", "a"));
}

TEST_CASE("a random secret holds the source's bytes") {
  ScriptedRandom random("0123456789");
  CHECK(RandomSecret(4, random).RevealSecret() == "0123");
  CHECK(RandomSecret(6, random).RevealSecret() == "456789");
}

}  // namespace
}  // namespace labyrinth::crypto
