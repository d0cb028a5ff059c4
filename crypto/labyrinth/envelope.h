// The envelope that a message is saved in (protocol section 6), so that a server can't relabel ids and times, swap or
// duplicate rows, or bring back an old version unnoticed.
//
// How an envelope is told from data that others wrote without one: the plaintext begins with a keyed marker,
//
//   messageData = kdf(messageKey, null, "labyrinth_envelope_v1")[0:16] || 0x01 || MessageEnvelope (protobuf)
//
// A fixed magic would not do: a client without envelopes saves what a stranger sent, so a stranger could send the magic
// and a forged envelope. The marker needs the message key, which only members know. Nobody but a member can strip it,
// for the ciphertext is authenticated.
#ifndef LABYRINTH_CRYPTO_LABYRINTH_ENVELOPE_H_
#define LABYRINTH_CRYPTO_LABYRINTH_ENVELOPE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/random.h"
#include "crypto/labyrinth/epoch_keys.h"
#include "crypto/primitives/secret.h"
#include "crypto/primitives/x25519.h"

namespace labyrinth::crypto {

inline constexpr std::size_t kEnvelopeMarkerBytes = 16;

// What a writer vouches for. `content` is the product's own bytes. Move-only.
struct Envelope {
  std::string message_id;  // not empty
  int64_t timestamp_ms = 0;
  int64_t expire_ms = 0;       // 0: never
  PublicKey writer;            // the writing device's deviceKeyPub
  uint64_t change_number = 0;  // the writer's own count of its changes, from 1
  Secret content;
};

// A row as the server returned it. Borrows.
struct MessageRow {
  std::string_view thread_id;
  std::string_view message_id;
  int64_t timestamp_ms = 0;
  int64_t expire_ms = 0;  // 0: never
  uint32_t cipher_version = 0;
  std::string_view ciphertext;
};

// `envelope` is absent for data written without one: readable, unverified, and to be shown so. Move-only.
struct OpenedMessage {
  std::optional<Envelope> envelope;
  Secret foreign_data;  // the whole plaintext, where there is no envelope

  bool verified() const { return envelope.has_value(); }
};

// Encrypts under version 3 for `thread_id`. INVALID_ARGUMENT for an empty message or thread id, a change number of 0,
// or a writer key of zeros.
absl::StatusOr<std::string> SealEnvelope(const Epoch& epoch, std::string_view thread_id, const Envelope& envelope,
                                         RandomSource& random);

// Decrypts, and compares the envelope with the row. DATA_DAMAGED naming the first field that differs ("message row
// differs from its envelope: timestamp_ms"), if it doesn't authenticate or doesn't parse; UNIMPLEMENTED, naming the
// version, for a later envelope's; errors of MessageKey. Whether `writer` is a member and `change_number` rises is the
// caller's to check.
absl::StatusOr<OpenedMessage> OpenEnvelope(const Epoch& epoch, const MessageRow& row);

}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_LABYRINTH_ENVELOPE_H_
