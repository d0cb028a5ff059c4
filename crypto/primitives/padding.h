// PADMÉ padding with a length prefix (protocol section 1; Nikitin et al., "PURBs").
#ifndef LABYRINTH_CRYPTO_PRIMITIVES_PADDING_H_
#define LABYRINTH_CRYPTO_PRIMITIVES_PADDING_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "crypto/primitives/secret.h"

namespace labyrinth::crypto {

// The padded length of `length` bytes, without the 4-byte prefix: at least 10.
std::size_t PaddedLength(std::size_t length);

// u32be(length) || plaintext || zeros. The plaintext is below 2^32 bytes.
Secret Pad(std::string_view plaintext);

// DATA_LOSS unless the prefix names a length that fits. Padding bytes and surplus length are not judged, so that other
// implementations' data stays readable.
absl::StatusOr<Secret> Unpad(std::string_view padded);

}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_PRIMITIVES_PADDING_H_
