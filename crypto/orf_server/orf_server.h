// The server's half of the oblivious revocable function (protocol section 1; ePrint 2022/1044).
#ifndef LABYRINTH_CRYPTO_ORF_SERVER_ORF_SERVER_H_
#define LABYRINTH_CRYPTO_ORF_SERVER_ORF_SERVER_H_

#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "common/bytes.h"
#include "common/random.h"
#include "crypto/primitives/ristretto.h"
#include "crypto/primitives/secret.h"

namespace labyrinth::crypto {

// An id that every device of one mailbox reaches and that says nothing about the input to who lacks the scalars.
using MappedId = FixedBytes<32, struct MappedIdTag>;

// The server's scalar s for one device (orfServerState). Deleting it revokes the device: "deleted" means off the disk
// within the same bound as a disappearing message. Move-only, thread-compatible.
class OrfServerState {
 public:
  // The first device's of a mailbox.
  static OrfServerState Generate(RandomSource& random) { return OrfServerState(Scalar::Random(random)); }
  // INVALID_ARGUMENT unless `bytes` is a canonical non-zero scalar.
  static absl::StatusOr<OrfServerState> Parse(const Secret& bytes);

  // 32 bytes, canonical little-endian, for the store.
  const Secret& bytes() const { return scalar_.bytes(); }
  OrfServerState Clone() const { return OrfServerState(scalar_.Clone()); }

  // map(s, domain, P) = mac(s * P, key = domain). INVALID_ARGUMENT for a point that isn't 32 bytes, isn't canonical or
  // is the identity.
  absl::StatusOr<MappedId> Map(std::string_view domain, std::string_view point) const;

  // server_evolve(s, t) = s / t: the scalar of a further device. Only the quotient is ever written down; the token
  // would undo the revocation from logs and backups. INVALID_ARGUMENT for a token that isn't 32 bytes, canonical and
  // non-zero.
  absl::StatusOr<OrfServerState> Evolve(std::string_view token) const;

 private:
  explicit OrfServerState(Scalar scalar) : scalar_(std::move(scalar)) {}
  Scalar scalar_;
};

}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_ORF_SERVER_ORF_SERVER_H_
