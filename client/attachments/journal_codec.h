// The bytes of the journal of uploads (client/attachments/journal.h).
#ifndef LABYRINTH_CLIENT_ATTACHMENTS_JOURNAL_CODEC_H_
#define LABYRINTH_CLIENT_ATTACHMENTS_JOURNAL_CODEC_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "client/attachments/attachment.h"
#include "crypto/primitives/hash.h"
#include "crypto/primitives/secret.h"

namespace labyrinth::client {

// Move-only.
struct PendingAttachment {
  Attachment attachment;
  crypto::Sha256Digest file_digest;  // of the file itself; zeros for one that another device uploaded
  bool spooled = false;
  std::string upload_ticket = {};
  int64_t ticket_expire_ms = 0;
  bool complete = false;
  std::string thread_id = {};  // of the message that it belongs to, empty while there is none
  std::string message_id = {};

  bool has_message() const { return !message_id.empty(); }
  uint64_t ciphertext_bytes() const { return crypto::AttachmentCiphertextBytes(attachment.size_bytes); }
  PendingAttachment Clone() const;
};

// "labyrinth-attachments/1\n" || SHA-256(body) || body, body being a serialized AttachmentJournal.
crypto::Secret EncodeJournal(const std::vector<PendingAttachment>& pending);
// FAILED_PRECONDITION for anything else, saying what a person can do.
absl::StatusOr<std::vector<PendingAttachment>> DecodeJournal(std::string_view file);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_ATTACHMENTS_JOURNAL_CODEC_H_
