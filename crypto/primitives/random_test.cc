#include <catch2/catch.hpp>
#include <string>

#include "crypto/primitives/release_watch.h"
#include "crypto/primitives/seeded_random.h"
#include "crypto/primitives/system_random.h"

namespace labyrinth::crypto {
namespace {

TEST_CASE("a seed replays, and two seeds differ") {
  SeededRandom a(7), b(7), c(8);
  const std::string first = a.Bytes(100);
  CHECK(first == b.Bytes(100));
  CHECK(first != c.Bytes(100));
  CHECK(first != a.Bytes(100));
  CHECK(a.Bytes(0).empty());
}

TEST_CASE("a draw is the same whatever buffer it goes to") {
  SeededRandom a(1), b(1);
  std::string buffer(64, '\xff');
  a.Fill({reinterpret_cast<uint8_t*>(buffer.data()), buffer.size()});
  CHECK(buffer == b.Bytes(64));
}

TEST_CASE("a script is given out in order, and to the end") {
  ScriptedRandom random("abcdef");
  CHECK(random.Bytes(2) == "ab");
  CHECK(random.Bytes(4) == "cdef");
  CHECK(Aborts([] { ScriptedRandom left_over("a"); }));
  CHECK(Aborts([] {
    ScriptedRandom too_short("a");
    too_short.Bytes(2);
  }));
  CHECK_FALSE(Aborts([] { ScriptedRandom exact(""); }));
}

TEST_CASE("ids are non-zero and below 2^63") {
  // Zero, and one whose lowest bit alone is set, which the shift drops, are drawn again.
  std::string script(16, '\0');
  script[8] = 1;
  script += std::string("\xff\xff\xff\xff\xff\xff\xff\xff", 8);
  ScriptedRandom random(script);
  CHECK(random.NonZeroId() == (uint64_t{1} << 63) - 1);

  SeededRandom seeded(3);
  for (int i = 0; i < 1000; ++i) {
    const uint64_t id = seeded.NonZeroId();
    CHECK((id != 0 && id >> 63 == 0));
  }
}

TEST_CASE("the system's bytes differ from draw to draw") {
  SystemRandom random;
  CHECK(random.Bytes(32) != random.Bytes(32));
  CHECK(random.Bytes(32) != std::string(32, '\0'));
  random.Fill({});
}

}  // namespace
}  // namespace labyrinth::crypto
