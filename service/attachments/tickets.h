// Tickets for uploads and downloads: U = AEAD_server(B, size, deadline) of protocol section 7.
#ifndef LABYRINTH_SERVICE_ATTACHMENTS_TICKETS_H_
#define LABYRINTH_SERVICE_ATTACHMENTS_TICKETS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/clock.h"
#include "common/random.h"
#include "crypto/primitives/secret.h"
#include "service/mailbox/caller.h"
#include "storage/attachment_schema.h"

namespace labyrinth::attachments {

// Not tied to a mailbox: it travels with a message, and every recipient attaches it to a mailbox of its own.
struct UploadTicket {
  storage::AttachmentBlob blob;
  uint64_t size_bytes = 0;
  int64_t deadline_ms = 0;
};

// Tied to the device that proved its right.
struct DownloadTicket {
  storage::AttachmentBlob blob;
  uint64_t size_bytes = 0;
  int64_t deadline_ms = 0;
  mailbox::Caller device;
};

// upload   = encrypt(ticket key, "labyrinth_upload_ticket_v1" || u64 generation, B || u64 size || i64 deadline)
// download = encrypt(ticket key, "labyrinth_download_ticket_v1" || u64 generation,
//                    B || u64 size || i64 deadline || u64 incarnation || u64 device_id || lv(partition))
// Sealed, since a blob's name is shown to nobody; the labels keep one kind from passing for the other. Any node with
// the same keys can open them. Immutable, thread-safe.
class Tickets {
 public:
  // `key` is the server's ticket key, `generation` the store's: a restored store ends all tickets. `clock` and `random`
  // outlive the object.
  Tickets(crypto::Secret key, uint64_t generation, const Clock& clock, RandomSource& random)
      : key_(std::move(key)), generation_(generation), clock_(clock), random_(random) {}

  absl::StatusOr<std::string> Seal(const UploadTicket& ticket) const;
  absl::StatusOr<std::string> Seal(const DownloadTicket& ticket) const;

  // TICKET_EXPIRED, whatever is wrong.
  absl::StatusOr<UploadTicket> OpenUpload(std::string_view sealed) const;
  absl::StatusOr<DownloadTicket> OpenDownload(std::string_view sealed) const;

 private:
  std::string BoundTo(std::string_view label) const;

  const crypto::Secret key_;
  const uint64_t generation_;
  const Clock& clock_;
  RandomSource& random_;
};

}  // namespace labyrinth::attachments

#endif  // LABYRINTH_SERVICE_ATTACHMENTS_TICKETS_H_
