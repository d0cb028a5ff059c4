// Moving ciphertext: one upload, one download.
#ifndef LABYRINTH_CLIENT_ATTACHMENTS_TRANSFER_H_
#define LABYRINTH_CLIENT_ATTACHMENTS_TRANSFER_H_

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "client/attachments/journal.h"
#include "client/core.h"
#include "crypto/labyrinth/attachment.h"
#include "proto/labyrinth/v1/attachment.pb.h"

namespace labyrinth::client {

// Bytes of ciphertext moved, and of the whole. False cancels: CANCELLED.
using AttachmentProgress = absl::FunctionRef<bool(uint64_t done_bytes, uint64_t total_bytes)>;

// The least that a stream must move within RetryPolicy::attempt_timeout_ms to count as progress; whoever moves less in
// RetryPolicy::max_attempts attempts in a row is given up with the last attempt's error. So a server that stalls costs
// minutes, and a slow line gets as long as it needs.
inline constexpr uint64_t kAttachmentChunkBytes = 256 * 1024;

// The call's name of an attachment, as this device forms it.
v1::AttachmentPoint PointOf(const Core& core, const crypto::AttachmentName& name, const std::string& thread_id,
                            const std::string& message_id);

// Sends the spooled ciphertext of `name`, from where the server has it, and notes ticket and completion in the journal.
// A ticket that expired, or an upload that the server gave up, is begun anew. UNAVAILABLE or DEADLINE_EXCEEDED: go on
// later. DATA_LOSS: the server's counts contradict each other. CANCELLED.
absl::Status SendSpooled(Core& core, AttachmentJournal& journal, const crypto::AttachmentName& name,
                         AttachmentProgress progress);

// Feeds an attachment's ciphertext to `decrypter` and its file to `sink`; the caller calls Finish. Goes on where a
// stream broke, with a new ticket where the old one expired. DATA_LOSS where the server's bytes contradict its own
// checksums and sizes or don't authenticate; NOT_FOUND (ATTACHMENT_NOT_FOUND) if it has none. CANCELLED.
absl::Status Receive(Core& core, const v1::AttachmentPoint& point, uint64_t ciphertext_bytes,
                     crypto::AttachmentDecrypter& decrypter, crypto::AttachmentSink sink, AttachmentProgress progress);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_ATTACHMENTS_TRANSFER_H_
