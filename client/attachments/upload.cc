#include <algorithm>
#include <optional>
#include <utility>

#include "client/attachments/spool.h"
#include "client/attachments/transfer.h"
#include "client/convert.h"
#include "client/stubs.h"
#include "common/crc32c.h"
#include "common/errors.h"
#include "common/rpc_status.h"

namespace labyrinth::client {
namespace {

constexpr std::size_t kTicketBytes = 256;

// Tickets of one upload that may turn out to be worthless before the server is taken at its word.
constexpr int kTickets = 3;

bool TicketIsGone(const absl::Status& status) {
  const auto reason = ReasonOf(status);
  return reason == Reason::kTicketExpired || reason == Reason::kAttachmentNotFound;
}

// One upload. Thread-compatible.
class Upload {
 public:
  Upload(Core& core, AttachmentJournal& journal, PendingAttachment entry, SpoolReader spool,
         AttachmentProgress progress)
      : core_(core),
        journal_(journal),
        entry_(std::move(entry)),
        spool_(std::move(spool)),
        progress_(progress),
        size_(entry_.ciphertext_bytes()) {}

  absl::Status Run() {
    Caller& caller = core_.connection().caller();
    int failures = 0;
    for (uint64_t best = 0;;) {
      const auto committed = Prepare();
      if (!committed.ok()) return committed.status();
      if (*committed > best) failures = 0;
      best = std::max(best, *committed);
      if (*committed == size_) return Complete();
      absl::Status status = Stream(*committed);
      if (status.ok() && committed_ == size_) return Complete();
      if (stopped_) return *stopped_;
      // A ticket can end between two calls: the next Prepare says so.
      if (status.ok() || TicketIsGone(status)) status = absl::UnavailableError("attachment: its upload came to no end");
      if (!caller.PauseBeforeNext(status, ++failures)) return status;
    }
  }

 private:
  absl::Status Complete() {
    entry_.complete = true;
    return journal_.Put(entry_.Clone());
  }

  // What the server has; the ticket is in the journal before the first byte is sent.
  absl::StatusOr<uint64_t> Prepare() {
    for (;;) {
      v1::PrepareUploadRequest request;
      request.set_size_bytes(size_);
      request.set_upload_ticket(entry_.upload_ticket);
      const auto response = core_.api().PrepareUpload(request);
      if (!response.ok()) {
        if (entry_.upload_ticket.empty() || !TicketIsGone(response.status()) || ++tickets_ > kTickets) {
          return response.status();
        }
        entry_.upload_ticket.clear();
        continue;
      }
      const uint64_t committed = response->committed_bytes();
      if (response->upload_ticket().empty() || response->upload_ticket().size() > kTicketBytes) {
        return Violation("the server's upload ticket is malformed");
      }
      if (committed > size_ || (committed % kAttachmentChunkBytes != 0 && committed != size_)) {
        return Violation("the server says that it has more of an upload than was sent");
      }
      if (entry_.upload_ticket != response->upload_ticket() || entry_.complete) {
        entry_.upload_ticket = response->upload_ticket();
        entry_.ticket_expire_ms = response->expire_ms();
        entry_.complete = false;
        if (absl::Status s = journal_.Put(entry_.Clone()); !s.ok()) return s;
      }
      return committed;
    }
  }

  // Sends everything from `from` on, once. Sets stopped_ where no other attempt shall follow.
  absl::Status Stream(uint64_t from) {
    committed_ = 0;
    absl::Status status = core_.connection().caller().Once([&](grpc::ClientContext& context) {
      v1::UploadResponse response;
      const auto writer = core_.connection().stubs().attachment.Upload(&context, &response);
      uint64_t offset = from;
      while (offset < size_ && !stopped_) {
        if (!progress_(offset, size_)) {
          stopped_ = absl::CancelledError("interrupted");
          break;
        }
        auto chunk = spool_.Read(offset, std::min<uint64_t>(kAttachmentChunkBytes, size_ - offset));
        if (!chunk.ok()) {
          stopped_ = chunk.status();
          break;
        }
        v1::UploadRequest request;
        if (offset == from) request.set_upload_ticket(entry_.upload_ticket);
        request.set_offset(offset);
        request.set_crc32c(Crc32c(*chunk));
        offset += chunk->size();
        request.set_data(*std::move(chunk));
        if (!writer->Write(request)) break;
      }
      if (stopped_) {
        context.TryCancel();
      } else {
        writer->WritesDone();
      }
      const grpc::Status finished = writer->Finish();
      if (finished.ok()) committed_ = response.committed_bytes();
      return finished;
    });
    const bool may_repeat =
        status.ok() || OutcomeIsOpen(status) || TicketIsGone(status) || ReasonOf(status) == Reason::kRateLimited;
    if (!stopped_ && !may_repeat) stopped_ = status;
    if (!stopped_ && committed_ > size_)
      stopped_ = Violation("the server says that it has more of an upload than was sent");
    if (committed_ == size_ && !stopped_) progress_(size_, size_);
    return status;
  }

  Core& core_;
  AttachmentJournal& journal_;
  PendingAttachment entry_;
  const SpoolReader spool_;
  const AttachmentProgress progress_;
  const uint64_t size_;
  uint64_t committed_ = 0;
  int tickets_ = 0;
  std::optional<absl::Status> stopped_;
};

}  // namespace

absl::Status SendSpooled(Core& core, AttachmentJournal& journal, const crypto::AttachmentName& name,
                         AttachmentProgress progress) {
  const PendingAttachment* entry = journal.Find(name);
  if (entry == nullptr || !entry->spooled) return absl::FailedPreconditionError("attachment: not kept by this profile");
  auto spool = SpoolReader::Open(journal.SpoolPath(name), entry->ciphertext_bytes());
  if (!spool.ok()) return spool.status();
  return Upload(core, journal, entry->Clone(), *std::move(spool), progress).Run();
}

}  // namespace labyrinth::client
