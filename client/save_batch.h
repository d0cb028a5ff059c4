// One SaveMessages request from plain messages (protocol section 6).
#ifndef LABYRINTH_CLIENT_SAVE_BATCH_H_
#define LABYRINTH_CLIENT_SAVE_BATCH_H_

#include <cstddef>
#include <cstdint>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/message.h"
#include "common/random.h"
#include "crypto/labyrinth/epoch_keys.h"
#include "crypto/primitives/x25519.h"
#include "proto/labyrinth/v1/history.pb.h"

namespace labyrinth::client {

// INVALID_FIELD or LIMIT_EXCEEDED, naming the message by its place, for a batch that the server would refuse whatever
// its state: fields out of bounds, an id twice, too many messages or bytes.
absl::Status CheckBatch(std::span<const NewMessage> messages);

// Encrypts a checked batch under `epoch`, each message in an envelope of `writer` with numbers from
// `first_change_number`.
absl::StatusOr<v1::SaveMessagesRequest> SealBatch(std::span<const NewMessage> messages, const crypto::Epoch& epoch,
                                                  const crypto::PublicKey& writer, uint64_t first_change_number,
                                                  RandomSource& random);

// How many of the first messages fit one batch; at least 1 (which CheckBatch may still refuse).
std::size_t BatchPrefix(std::span<const NewMessage> messages);

// An upper bound of the ciphertext that SealBatch makes of a message.
std::size_t SealedSizeBound(const NewMessage& message);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_SAVE_BATCH_H_
