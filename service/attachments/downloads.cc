#include "service/attachments/downloads.h"

#include <algorithm>

#include "common/errors.h"
#include "common/limits.h"
#include "service/mailbox/member_read.h"

namespace labyrinth::attachments {

void Downloads::Prepare(const mailbox::Caller& caller, Claim claim, absl::Time deadline,
                        Reply<PreparedDownload> done) const {
  references_.Find(
      caller, std::move(claim), deadline, [this, caller, done = std::move(done)](absl::StatusOr<Found> found) mutable {
        if (!found.ok()) return std::move(done)(found.status());
        const int64_t deadline_ms = store_.NowMs() + limits::kDownloadTicketTtlMs;
        auto ticket = tickets_.Seal(DownloadTicket{found->blob, found->size_bytes, deadline_ms, caller});
        if (!ticket.ok()) return std::move(done)(ticket.status());
        std::move(done)(
            PreparedDownload{*std::move(ticket), found->size_bytes, deadline_ms, std::move(found->sealed_name)});
      });
}

Downloads::Hold::~Hold() {
  if (downloads_ != nullptr) downloads_->Release(ticket_.device.partition);
}

absl::StatusOr<Downloads::Hold> Downloads::Open(const mailbox::Caller& caller, std::string_view sealed,
                                                uint64_t offset) {
  auto ticket = tickets_.OpenDownload(sealed);
  if (!ticket.ok()) return ticket.status();
  const mailbox::Caller& device = ticket->device;
  if (device.partition != caller.partition || device.incarnation != caller.incarnation ||
      device.device_id != caller.device_id) {
    return errors::TicketExpired();
  }
  if (offset % limits::kAttachmentChunkBytes != 0 || offset >= ticket->size_bytes) {
    return errors::InvalidField("offset", "must begin a chunk, below size_bytes");
  }
  const absl::MutexLock lock(&mutex_);
  uint32_t& of_mailbox = streams_[caller.partition];
  if (all_streams_ >= limits::kDownloadStreams || of_mailbox >= limits::kDownloadStreamsPerMailbox) {
    if (of_mailbox == 0) streams_.erase(caller.partition);
    return errors::RateLimited("download_streams", limits::kStreamRetryMs);
  }
  ++of_mailbox;
  ++all_streams_;
  return Hold(this, *std::move(ticket));
}

void Downloads::Release(const std::string& partition) {
  const absl::MutexLock lock(&mutex_);
  const auto streams = streams_.find(partition);
  if (--streams->second == 0) streams_.erase(streams);
  --all_streams_;
}

void Downloads::ReadChunk(const Hold& hold, uint64_t offset, absl::Time deadline, Reply<std::string> done) const {
  const DownloadTicket& ticket = hold.ticket();
  mailbox::MemberReadRequest membership{ticket.device, mailbox::Access::kDevice, {}, {}, deadline};
  mailbox::MemberRead(store_.engine, std::move(membership),
                      [this, blob = ticket.blob, size = ticket.size_bytes, offset, deadline,
                       done = std::move(done)](absl::StatusOr<mailbox::MemberView> view) mutable {
                        if (!view.ok()) return std::move(done)(view.status());
                        const uint64_t wanted = std::min<uint64_t>(size - offset, limits::kAttachmentChunkBytes);
                        store_.bytes.ReadRange(
                            blob, offset, wanted, deadline,
                            [wanted, done = std::move(done)](absl::StatusOr<std::string> data) mutable {
                              // Bytes that a reference leads to are complete until they are deleted.
                              if (data.ok() && data->size() != wanted) data = errors::AttachmentNotFound();
                              std::move(done)(std::move(data));
                            });
                      });
}

}  // namespace labyrinth::attachments
