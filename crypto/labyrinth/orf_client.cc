#include "crypto/labyrinth/orf_client.h"

#include "crypto/primitives/fatal.h"
#include "crypto/primitives/hash.h"

namespace labyrinth::crypto {

absl::StatusOr<OrfClientState> OrfClientState::Parse(const Secret& bytes) {
  absl::StatusOr<Scalar> scalar = Scalar::Parse(bytes.RevealSecret());
  if (!scalar.ok()) return scalar.status();
  return OrfClientState(*std::move(scalar));
}

Point OrfClientState::Map(std::string_view domain, std::string_view input) const {
  // Inputs may be secret (an attachment's random name), and so is whatever lets a guess of one be tested.
  MacTag scoped_input = MacWithPublicKey(input, domain);
  Point hashed = HashToCurve(scoped_input.view());
  const absl::StatusOr<Point> mapped = Multiply(scalar_, hashed);
  WipeBytes(scoped_input.data(), MacTag::kSize);
  WipeBytes(hashed.data(), Point::kSize);
  // Hashing to the identity is finding a preimage: it doesn't happen.
  Require(mapped.ok(), "an input hashed to the identity");
  return *mapped;
}

OrfClientState::Evolution OrfClientState::Evolve(RandomSource& random) const {
  Scalar token = Scalar::Random(random);
  OrfClientState state(scalar_.Times(token));
  return {std::move(state), std::move(token)};
}

}  // namespace labyrinth::crypto
