#include "crypto/primitives/xeddsa.h"

#include <string>

namespace labyrinth::crypto {
namespace {

// What is signed is public or sealed elsewhere; keys are never part of it.
std::string SignedMessage(SignatureUse use, std::string_view data) {
  std::string out(1, static_cast<char>(use));
  return out.append(data);
}

}  // namespace

absl::StatusOr<Signature> Sign(const Secret& private_key, SignatureUse use, std::string_view data,
                               RandomSource& random) {
  return xeddsa_scheme::Sign(private_key, SignedMessage(use, data), random);
}

absl::Status Verify(const PublicKey& public_key, SignatureUse use, std::string_view data, const Signature& signature) {
  return xeddsa_scheme::Verify(public_key, SignedMessage(use, data), signature);
}

}  // namespace labyrinth::crypto
