#include "crypto/orf_server/orf_server.h"

#include "crypto/primitives/hash.h"

namespace labyrinth::crypto {

absl::StatusOr<OrfServerState> OrfServerState::Parse(const Secret& bytes) {
  absl::StatusOr<Scalar> scalar = Scalar::Parse(bytes.RevealSecret());
  if (!scalar.ok()) return scalar.status();
  return OrfServerState(*std::move(scalar));
}

absl::StatusOr<MappedId> OrfServerState::Map(std::string_view domain, std::string_view point) const {
  const absl::StatusOr<Point> oblivious = ParsePoint(point);
  if (!oblivious.ok()) return oblivious.status();
  absl::StatusOr<Point> product = Multiply(scalar_, *oblivious);
  if (!product.ok()) return product.status();
  const MacTag mapped = MacWithPublicKey(product->view(), domain);
  // Domains are public, so whoever holds the product could map it.
  WipeBytes(product->data(), Point::kSize);
  return *MappedId::From(mapped.view());
}

absl::StatusOr<OrfServerState> OrfServerState::Evolve(std::string_view token) const {
  const absl::StatusOr<Scalar> divisor = Scalar::Parse(token);
  if (!divisor.ok()) return divisor.status();
  return OrfServerState(scalar_.DividedBy(*divisor));
}

}  // namespace labyrinth::crypto
