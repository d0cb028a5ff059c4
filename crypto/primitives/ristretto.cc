#include "crypto/primitives/ristretto.h"

#include <sodium/crypto_core_ristretto255.h>
#include <sodium/crypto_scalarmult_ristretto255.h>

#include <cstring>
#include <optional>
#include <utility>

#include "crypto/primitives/fatal.h"
#include "crypto/primitives/hash.h"

namespace labyrinth::crypto {
namespace {

constexpr std::size_t kScalarBytes = crypto_core_ristretto255_SCALARBYTES;
constexpr std::size_t kWideBytes = crypto_core_ristretto255_NONREDUCEDSCALARBYTES;

uint8_t* Data(Secret& s) { return s.MutableSecret().data(); }
const uint8_t* Data(const Secret& s) { return AsSpan(s.RevealSecret()).data(); }

Secret Reduce(const Secret& wide) {
  EnsureSodium();
  Secret out(kScalarBytes);
  crypto_core_ristretto255_scalar_reduce(Data(out), Data(wide));
  WipeDeadStack();
  return out;
}

bool IsZero(const Secret& scalar) { return ConstantTimeEquals(scalar.RevealSecret(), std::string(kScalarBytes, '\0')); }

// RFC 9496 section 4.3.1 refuses bit 255; libsodium 1.0.18 ignores it, so that a point would have two encodings.
bool HighBitIsSet(const Point& point) { return (point.data()[31] & 0x80) != 0; }

}  // namespace

Scalar Scalar::Random(RandomSource& random) {
  for (;;) {
    // 512 bits, so that the remainder's bias is below 2^-250.
    Secret scalar = Reduce(RandomSecret(kWideBytes, random));
    if (!IsZero(scalar)) return Scalar(std::move(scalar));
  }
}

absl::StatusOr<Scalar> Scalar::Parse(std::string_view bytes) {
  if (bytes.size() != kScalarBytes) return absl::InvalidArgumentError("scalar: not 32 bytes");
  Secret wide(kWideBytes);
  std::memcpy(Data(wide), bytes.data(), bytes.size());
  Secret reduced = Reduce(wide);
  if (!ConstantTimeEquals(reduced.RevealSecret(), bytes)) return absl::InvalidArgumentError("scalar: not canonical");
  if (IsZero(reduced)) return absl::InvalidArgumentError("scalar: zero");
  return Scalar(std::move(reduced));
}

Scalar Scalar::Times(const Scalar& other) const {
  Secret product(kScalarBytes);
  crypto_core_ristretto255_scalar_mul(Data(product), Data(bytes_), Data(other.bytes_));
  WipeDeadStack();
  return Scalar(std::move(product));
}

Scalar Scalar::DividedBy(const Scalar& other) const {
  Secret inverse(kScalarBytes);
  Require(crypto_core_ristretto255_scalar_invert(Data(inverse), Data(other.bytes_)) == 0, "a scalar was zero");
  WipeDeadStack();
  return Times(Scalar(std::move(inverse)));
}

absl::StatusOr<Point> ParsePoint(std::string_view bytes) {
  const std::optional<Point> point = Point::From(bytes);
  if (!point.has_value()) return absl::InvalidArgumentError("point: not 32 bytes");
  EnsureSodium();
  if (HighBitIsSet(*point) || crypto_core_ristretto255_is_valid_point(point->data()) != 1) {
    return absl::InvalidArgumentError("point: not a canonical encoding");
  }
  // The identity's one encoding.
  if (point->IsZero()) return absl::InvalidArgumentError("point: the identity");
  return *point;
}

Point HashToCurve(std::string_view input) {
  EnsureSodium();
  Sha512Digest digest = Sha512(input);
  Point out;
  Require(crypto_core_ristretto255_from_hash(out.data(), digest.data()) == 0, "ristretto255 map failed");
  WipeBytes(digest.data(), Sha512Digest::kSize);
  WipeDeadStack();
  return out;
}

absl::StatusOr<Point> Multiply(const Scalar& scalar, const Point& point) {
  Point out;
  const bool valid =
      !HighBitIsSet(point) && crypto_scalarmult_ristretto255(out.data(), Data(scalar.bytes()), point.data()) == 0;
  WipeDeadStack();
  if (!valid) return absl::InvalidArgumentError("point: not a canonical encoding, or the identity");
  return out;
}

}  // namespace labyrinth::crypto
