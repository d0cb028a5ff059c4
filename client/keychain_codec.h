// KeychainState to bytes and back.
#ifndef LABYRINTH_CLIENT_KEYCHAIN_CODEC_H_
#define LABYRINTH_CLIENT_KEYCHAIN_CODEC_H_

#include "absl/status/statusor.h"
#include "client/keychain_state.h"
#include "crypto/primitives/secret.h"

namespace labyrinth::client {

// The whole file. Intermediate buffers are wiped.
crypto::Secret EncodeKeychain(const KeychainState& state);

// FAILED_PRECONDITION for another file type, a newer format, or damage: a digest that doesn't match, fields of a wrong
// size, keys that don't belong together.
absl::StatusOr<KeychainState> DecodeKeychain(const crypto::Secret& file);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_KEYCHAIN_CODEC_H_
