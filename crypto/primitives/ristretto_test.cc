#include "crypto/primitives/ristretto.h"

#include <catch2/catch.hpp>
#include <string>

#include "crypto/primitives/release_watch.h"
#include "crypto/primitives/seeded_random.h"

namespace labyrinth::crypto {
namespace {

std::string Bytes(std::string_view hex) { return *FromHex(hex); }

// l - 1, l and l + 1 for the group order l.
const std::string kBelowOrder = Bytes("ecd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
const std::string kOrder = Bytes("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
const std::string kAboveOrder = Bytes("eed3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");

std::string Small(char value) {
  std::string out(32, '\0');
  out[0] = value;
  return out;
}

std::string_view Reveal(const Scalar& scalar) { return scalar.bytes().RevealSecret(); }

TEST_CASE("a scalar is 32 canonical bytes and not zero") {
  CHECK(Scalar::Parse(Small(1)).ok());
  CHECK(Scalar::Parse(kBelowOrder).ok());
  for (const std::string& bad : {std::string(), Small(0), kOrder, kAboveOrder, std::string(32, '\xff'),
                                 Small(1).substr(0, 31), Small(1) + '\0', std::string(64, '\0')}) {
    CHECK(absl::IsInvalidArgument(Scalar::Parse(bad).status()));
  }
  CHECK(Reveal(*Scalar::Parse(kBelowOrder)) == kBelowOrder);
}

TEST_CASE("scalars multiply and divide modulo the group order") {
  const Scalar two = *Scalar::Parse(Small(2)), three = *Scalar::Parse(Small(3)), six = *Scalar::Parse(Small(6));
  CHECK(Reveal(two.Times(three)) == Reveal(six));
  CHECK(Reveal(six.DividedBy(three)) == Reveal(two));
  // (-1)(-1) = 1
  const Scalar minus_one = *Scalar::Parse(kBelowOrder);
  CHECK(Reveal(minus_one.Times(minus_one)) == Small(1));
  CHECK(Reveal(minus_one.DividedBy(minus_one)) == Small(1));
  SeededRandom random(1);
  for (int i = 0; i < 50; ++i) {
    const Scalar a = Scalar::Random(random), b = Scalar::Random(random);
    CHECK(Reveal(a.Times(b).DividedBy(b)) == Reveal(a));
    CHECK(Reveal(a.DividedBy(b).Times(b)) == Reveal(a));
    CHECK(Reveal(a) != Reveal(b));
    CHECK(Scalar::Parse(Reveal(a)).ok());
    CHECK(Reveal(a.Clone()) == Reveal(a));
  }
}

TEST_CASE("a random scalar is drawn from 64 bytes, and again if they reduce to zero") {
  ScriptedRandom random(std::string(64, '\0') + kOrder + std::string(32, '\0') + Small(5) + std::string(32, '\0'));
  CHECK(Reveal(Scalar::Random(random)) == Small(5));
}

TEST_CASE("a point is a canonical encoding other than the identity's") {
  const Point point = HashToCurve("input");
  CHECK(*ParsePoint(point.view()) == point);
  CHECK(absl::IsInvalidArgument(ParsePoint("").status()));
  CHECK(absl::IsInvalidArgument(ParsePoint(std::string(32, '\0')).status()));
  CHECK(absl::IsInvalidArgument(ParsePoint(point.view().substr(0, 31)).status()));
  CHECK(absl::IsInvalidArgument(ParsePoint(point.str() + '\0').status()));
  // Bit 255 must be clear, and the encoded field element even ("not negative").
  std::string high = point.str();
  high[31] = static_cast<char>(high[31] | 0x80);
  CHECK(absl::IsInvalidArgument(ParsePoint(high).status()));
  std::string odd = point.str();
  odd[0] ^= 1;
  CHECK(absl::IsInvalidArgument(ParsePoint(odd).status()));
}

TEST_CASE("multiplication distributes over scalars and refuses what isn't a point") {
  SeededRandom random(2);
  for (int i = 0; i < 20; ++i) {
    const Scalar a = Scalar::Random(random), b = Scalar::Random(random);
    const Point point = HashToCurve(random.Bytes(10));
    const absl::StatusOr<Point> by_product = Multiply(a.Times(b), point);
    const absl::StatusOr<Point> in_turn = Multiply(a, *Multiply(b, point));
    REQUIRE((by_product.ok() && in_turn.ok()));
    CHECK(*by_product == *in_turn);
    CHECK(ParsePoint(by_product->view()).ok());
    CHECK(*Multiply(*Scalar::Parse(Small(1)), point) == point);
  }
  const Scalar one = *Scalar::Parse(Small(1));
  CHECK(absl::IsInvalidArgument(Multiply(one, Point()).status()));
  CHECK(absl::IsInvalidArgument(Multiply(one, *Point::From(std::string(32, '\xff'))).status()));
  Point high = HashToCurve("input");
  high.data()[31] |= 0x80;
  CHECK(absl::IsInvalidArgument(Multiply(one, high).status()));
}

TEST_CASE("inverses don't stay behind") {
  SeededRandom random(3);
  const Scalar a = Scalar::Random(random), b = Scalar::Random(random);
  const std::string inverse(Reveal(Scalar::Parse(Small(1))->DividedBy(b)));
  ReleaseWatch watch(inverse);
  CHECK(a.DividedBy(b).bytes().size() == 32);
  CHECK(watch.released() > 0);
  CHECK(watch.released_with_marker() == 0);
}

}  // namespace
}  // namespace labyrinth::crypto
