// The client's half of the oblivious revocable function (protocol section 1; ePrint 2022/1044).
#ifndef LABYRINTH_CRYPTO_LABYRINTH_ORF_CLIENT_H_
#define LABYRINTH_CRYPTO_LABYRINTH_ORF_CLIENT_H_

#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "common/random.h"
#include "crypto/primitives/ristretto.h"
#include "crypto/primitives/secret.h"

namespace labyrinth::crypto {

// A device's client scalar k (orfClientState). For every device of one mailbox k*s is the same scalar, s being the
// server's scalar for that device, so the mapped ids are the same; without s, k opens nothing. Move-only,
// thread-compatible.
class OrfClientState {
 public:
  // The first device's of a mailbox.
  static OrfClientState Generate(RandomSource& random) { return OrfClientState(Scalar::Random(random)); }
  // INVALID_ARGUMENT unless `bytes` is a canonical non-zero scalar.
  static absl::StatusOr<OrfClientState> Parse(const Secret& bytes);

  // 32 bytes, canonical little-endian, for a keychain or a virtual device.
  const Secret& bytes() const { return scalar_.bytes(); }
  OrfClientState Clone() const { return OrfClientState(scalar_.Clone()); }

  // map(k, domain, input) = k * hash_to_curve(mac(input, key = domain)): what the server sees instead of the input.
  Point Map(std::string_view domain, std::string_view input) const;

  // client_evolve(k): the state of a further device, k*t, and the token t that the server divides that device's scalar
  // by. The token is sent once and never stored: with it and k, a revoked device would be restored.
  struct Evolution;
  Evolution Evolve(RandomSource& random) const;

 private:
  explicit OrfClientState(Scalar scalar) : scalar_(std::move(scalar)) {}
  Scalar scalar_;
};

struct OrfClientState::Evolution {
  OrfClientState state;
  Scalar token;
};

}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_LABYRINTH_ORF_CLIENT_H_
