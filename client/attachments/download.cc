#include <algorithm>
#include <optional>

#include "client/attachments/transfer.h"
#include "client/convert.h"
#include "client/stubs.h"
#include "common/crc32c.h"
#include "common/errors.h"

namespace labyrinth::client {
namespace {

constexpr std::size_t kTicketBytes = 256;

// Tickets in a row that expired before they brought a chunk.
constexpr int kTickets = 3;

// One download. Thread-compatible.
class Download {
 public:
  Download(Core& core, const v1::AttachmentPoint& point, uint64_t size, crypto::AttachmentDecrypter& decrypter,
           crypto::AttachmentSink sink, AttachmentProgress progress)
      : core_(core), point_(point), size_(size), decrypter_(decrypter), sink_(sink), progress_(progress) {}

  absl::Status Run() {
    int idle_tickets = 0;
    for (;;) {
      if (ticket_.empty()) {
        if (absl::Status s = Prepare(); !s.ok()) return s;
      }
      const uint64_t before = done_;
      absl::Status status =
          core_.api().Stream([this](Stubs& stubs, grpc::ClientContext& context) { return Attempt(stubs, context); });
      if (stopped_) return *stopped_;
      if (status.ok()) return absl::OkStatus();
      const bool moved = done_ >= before + kAttachmentChunkBytes;
      if (moved) idle_tickets = 0;
      if (ReasonOf(status) == Reason::kTicketExpired) {
        if (++idle_tickets > kTickets) return status;
        ticket_.clear();
      } else if (!OutcomeIsOpen(status) || !moved) {
        return status;
      }
    }
  }

 private:
  absl::Status Prepare() {
    v1::PrepareDownloadRequest request;
    *request.mutable_attachment() = point_;
    const auto response = core_.api().PrepareDownload(request);
    if (!response.ok()) return response.status();
    if (response->download_ticket().empty() || response->download_ticket().size() > kTicketBytes) {
      return Violation("the server's download ticket is malformed");
    }
    if (response->size_bytes() != size_) {
      return Violation("attachment: the server's copy hasn't the size that its message says");
    }
    ticket_ = response->download_ticket();
    return absl::OkStatus();
  }

  // One stream from the chunk that is incomplete. OK once everything is there.
  grpc::Status Attempt(Stubs& stubs, grpc::ClientContext& context) {
    if (stopped_) return grpc::Status(grpc::StatusCode::ABORTED, "");
    v1::DownloadRequest request;
    request.set_download_ticket(ticket_);
    uint64_t at = done_ / kAttachmentChunkBytes * kAttachmentChunkBytes;
    request.set_offset(at);
    const auto reader = stubs.attachment.Download(&context, request);
    v1::DownloadResponse response;
    while (!stopped_ && reader->Read(&response)) {
      stopped_ = Take(response, at);
      at += response.data().size();
    }
    if (stopped_) context.TryCancel();
    const grpc::Status status = reader->Finish();
    // The stopping error is what the caller returns; this one ends the retries.
    if (stopped_) return grpc::Status(grpc::StatusCode::ABORTED, "");
    if (status.ok() && done_ < size_) {
      return grpc::Status(grpc::StatusCode::UNAVAILABLE, "attachment: its download ended early");
    }
    return status;
  }

  // nullopt: go on.
  std::optional<absl::Status> Take(const v1::DownloadResponse& response, uint64_t at) {
    const std::string& data = response.data();
    if (response.offset() != at || data.empty() || data.size() > kAttachmentChunkBytes) {
      return Violation("attachment: the server's chunks aren't in order");
    }
    if (data.size() > size_ - at) return Violation("attachment: longer than its message says");
    if (Crc32c(data) != response.crc32c()) return Violation("attachment: a chunk contradicts its checksum");
    // A repeated beginning of the chunk that a broken stream left incomplete.
    const uint64_t known = std::min<uint64_t>(done_ - at, data.size());
    if (absl::Status s = decrypter_.Add(std::string_view(data).substr(known), sink_); !s.ok()) return s;
    done_ += data.size() - known;
    if (!progress_(done_, size_)) return absl::CancelledError("interrupted");
    return std::nullopt;
  }

  Core& core_;
  const v1::AttachmentPoint& point_;
  const uint64_t size_;
  crypto::AttachmentDecrypter& decrypter_;
  const crypto::AttachmentSink sink_;
  const AttachmentProgress progress_;
  std::string ticket_;
  uint64_t done_ = 0;  // given to the decrypter
  std::optional<absl::Status> stopped_;
};

}  // namespace

v1::AttachmentPoint PointOf(const Core& core, const crypto::AttachmentName& name, const std::string& thread_id,
                            const std::string& message_id) {
  const crypto::AttachmentPoints points = crypto::MapAttachment(core.enrolment().secrets.orf, name);
  v1::AttachmentPoint out;
  out.set_point(points.reference.str());
  out.set_mac_point(points.owner.str());
  out.set_thread_id(thread_id);
  out.set_message_id(message_id);
  return out;
}

absl::Status Receive(Core& core, const v1::AttachmentPoint& point, uint64_t ciphertext_bytes,
                     crypto::AttachmentDecrypter& decrypter, crypto::AttachmentSink sink, AttachmentProgress progress) {
  return Download(core, point, ciphertext_bytes, decrypter, sink, progress).Run();
}

}  // namespace labyrinth::client
