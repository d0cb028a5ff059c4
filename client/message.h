// Messages as the library takes and gives them (protocol section 6).
#ifndef LABYRINTH_CLIENT_MESSAGE_H_
#define LABYRINTH_CLIENT_MESSAGE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "common/ids.h"
#include "crypto/primitives/x25519.h"

namespace labyrinth::client {

// A message to be saved. Ids are the product's own opaque bytes and visible to the server; `content` is encrypted.
struct NewMessage {
  std::string thread_id;   // 1 to limits::kThreadIdBytes
  std::string message_id;  // 1 to limits::kMessageIdBytes; unique in the mailbox
  int64_t timestamp_ms = 0;
  int64_t expire_ms = 0;  // 0: never
  std::string content;
};

// What the server says about a row. Trust it only as far as the row's body allows: of a verified row every field but
// `revision` was compared with the envelope that the writer sealed; of any other row all of this is the server's word.
struct RowClaims {
  std::string thread_id;
  std::string message_id;
  int64_t timestamp_ms = 0;
  int64_t expire_ms = 0;
  EpochId epoch_id;
  uint32_t cipher_version = 0;
  uint64_t revision = 0;
};

// Decrypted under the key of a verified epoch, and the envelope agrees with the row.
struct VerifiedBody {
  std::string content;
  // Who wrote it, as the writer said inside the envelope: a device that the membership log knows. Any member could name
  // any other, for the epoch's key is shared.
  crypto::PublicKey writer;
  uint64_t change_number = 0;  // the writer's own count
};

// Decrypted, but written without an envelope by other software: only the thread is authenticated. Ids, times and the
// place in the history are the server's word, so show it as unverified.
struct ForeignBody {
  std::string unverified_content;
};

enum class Tampering {
  kMalformedRow,         // fields outside of the protocol's bounds
  kUnknownEpoch,         // names an epoch that isn't on the verified chain
  kUnreadableVersion,    // a cipher or envelope version that isn't read
  kUndecryptable,        // doesn't authenticate under its epoch's key and thread
  kDiffersFromEnvelope,  // the writer sealed another id, time or expiry, or the envelope is damaged
  kUnknownWriter,        // the envelope names a device that was never a member
  kOutsideOfQuery,       // another thread, a time outside of the range, or an id that wasn't asked for
  kOutOfOrder,           // breaks the order that the page walk promised
  kDuplicate,            // shown before in the same walk
  kRolledBack,           // older than what this device has seen of the same message (client/sync)
};

// Why this row was refused. There is no content: nothing of it may be shown as a message.
struct TamperedBody {
  Tampering kind = Tampering::kUndecryptable;
};

// For people: "differs from what its writer sealed".
std::string_view Describe(Tampering kind);

// One row of the history and how far it can be believed. Exactly one of the three accessors is non-null, so that a
// caller can't reach content without having decided what to do with the other cases. Value type.
class HistoryMessage {
 public:
  using Body = std::variant<VerifiedBody, ForeignBody, TamperedBody>;
  HistoryMessage(RowClaims row, Body body) : row_(std::move(row)), body_(std::move(body)) {}

  const RowClaims& row() const { return row_; }
  const VerifiedBody* verified() const { return std::get_if<VerifiedBody>(&body_); }
  const ForeignBody* foreign() const { return std::get_if<ForeignBody>(&body_); }
  const TamperedBody* tampered() const { return std::get_if<TamperedBody>(&body_); }

 private:
  RowClaims row_;
  Body body_;
};

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_MESSAGE_H_
