// The ristretto255 group (RFC 9496) as far as the oblivious revocable function needs it (protocol section 1).
#ifndef LABYRINTH_CRYPTO_PRIMITIVES_RISTRETTO_H_
#define LABYRINTH_CRYPTO_PRIMITIVES_RISTRETTO_H_

#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "common/bytes.h"
#include "common/random.h"
#include "crypto/primitives/secret.h"

namespace labyrinth::crypto {

// A canonical encoding of a group element. Bytes from outside become one through ParsePoint.
using Point = FixedBytes<32, struct PointTag>;

// A non-zero scalar modulo the group order in canonical little-endian form: always secret.
class Scalar {
 public:
  static Scalar Random(RandomSource& random);
  // INVALID_ARGUMENT unless `bytes` is 32 long, canonical and non-zero.
  static absl::StatusOr<Scalar> Parse(std::string_view bytes);

  const Secret& bytes() const { return bytes_; }
  Scalar Clone() const { return Scalar(bytes_.Clone()); }
  // this * other, this / other (mod the group order); never zero.
  Scalar Times(const Scalar& other) const;
  Scalar DividedBy(const Scalar& other) const;

 private:
  explicit Scalar(Secret bytes) : bytes_(std::move(bytes)) {}
  Secret bytes_;
};

// INVALID_ARGUMENT for an encoding that isn't canonical, isn't a group element, or is the identity.
absl::StatusOr<Point> ParsePoint(std::string_view bytes);

// ristretto255_from_hash(SHA-512(input))
Point HashToCurve(std::string_view input);

// scalar * point. INVALID_ARGUMENT for a `point` that didn't come from ParsePoint or this file, and isn't an encoding
// or is the identity; otherwise never fails, and the result is never the identity.
absl::StatusOr<Point> Multiply(const Scalar& scalar, const Point& point);

}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_PRIMITIVES_RISTRETTO_H_
