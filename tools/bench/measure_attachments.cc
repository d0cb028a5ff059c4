// Attachments: one at a time, there and back.
#include <fmt/format.h>
#include <grpcpp/client_context.h>

#include <chrono>

#include "common/crc32c.h"
#include "common/limits.h"
#include "common/rpc_status.h"
#include "crypto/primitives/ristretto.h"
#include "proto/labyrinth/v1/attachment.grpc.pb.h"
#include "tools/bench/experiment.h"

namespace labyrinth::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kMib = 16;
constexpr std::size_t kBytes = std::size_t{kMib} << 20;
constexpr std::size_t kChunkBytes = limits::kAttachmentChunkBytes;
static_assert(kBytes % kChunkBytes == 0);
// A slice's uploads: each stays on the disk.
constexpr int kPutsPerSlice = 4;
constexpr std::chrono::seconds kCallTimeout{60};

double Seconds(Clock::duration duration) { return std::chrono::duration<double>(duration).count(); }

// One content under many names, all of message 0. What clients compute of the bytes they send (their encryption, their
// checksums) is done before. Not thread-safe.
class Attachments {
 public:
  Attachments(const std::shared_ptr<grpc::Channel>& channel, const LoadMailbox& mailbox)
      : stub_(v1::AttachmentService::NewStub(channel)), mailbox_(mailbox) {
    for (uint64_t n = 0; content_.size() < kBytes; ++n) content_ += mailbox.payload.Ciphertext(n);
    for (std::size_t at = 0; at < kBytes; at += kChunkBytes) {
      v1::UploadRequest& chunk = chunks_.emplace_back();
      chunk.set_offset(at);
      chunk.set_data(content_.substr(at, kChunkBytes));
      chunk.set_crc32c(Crc32c(chunk.data()));
    }
  }

  // Uploads the content and attaches it as `name`, a new one.
  absl::Status Put(uint64_t name) {
    grpc::ClientContext prepare_context, upload_context, attach_context;
    v1::PrepareUploadRequest prepare;
    v1::PrepareUploadResponse prepared;
    prepare.set_size_bytes(kBytes);
    grpc::Status status = stub_->PrepareUpload(Mine(prepare_context), prepare, &prepared);
    if (!status.ok()) return FromGrpc(status);

    chunks_.front().set_upload_ticket(prepared.upload_ticket());
    v1::UploadResponse uploaded;
    const auto writer = stub_->Upload(Mine(upload_context), &uploaded);
    for (const v1::UploadRequest& chunk : chunks_) {
      if (!writer->Write(chunk)) break;
    }
    writer->WritesDone();
    status = writer->Finish();
    if (!status.ok()) return FromGrpc(status);
    if (uploaded.committed_bytes() != kBytes) return absl::DataLossError("a wrong answer: an upload too short");

    v1::CreateReferenceRequest attach;
    v1::CreateReferenceResponse attached;
    *attach.mutable_attachment() = PointOf(name);
    attach.set_upload_ticket(prepared.upload_ticket());
    return FromGrpc(stub_->CreateReference(Mine(attach_context), attach, &attached));
  }

  // Downloads what is attached as `name`; DATA_LOSS unless every byte is as it was put.
  absl::Status Get(uint64_t name) {
    grpc::ClientContext prepare_context, download_context;
    v1::PrepareDownloadRequest prepare;
    v1::PrepareDownloadResponse prepared;
    *prepare.mutable_attachment() = PointOf(name);
    grpc::Status status = stub_->PrepareDownload(Mine(prepare_context), prepare, &prepared);
    if (!status.ok()) return FromGrpc(status);

    v1::DownloadRequest download;
    download.set_download_ticket(prepared.download_ticket());
    const auto reader = stub_->Download(Mine(download_context), download);
    v1::DownloadResponse part;
    std::size_t at = 0;
    bool same = true;
    while (same && reader->Read(&part)) {
      same = part.offset() == at && part.data().size() <= kBytes - at &&
             content_.compare(at, part.data().size(), part.data()) == 0;
      at += part.data().size();
    }
    if (!same) download_context.TryCancel();
    status = reader->Finish();
    if (!same) return absl::DataLossError(fmt::format("a wrong answer: other bytes of an attachment before {}", at));
    if (!status.ok()) return FromGrpc(status);
    return at == kBytes ? absl::OkStatus() : absl::DataLossError("a wrong answer: a download too short");
  }

 private:
  grpc::ClientContext* Mine(grpc::ClientContext& context) const {
    context.set_deadline(std::chrono::system_clock::now() + kCallTimeout);
    context.AddMetadata(kSessionHeader, mailbox_.session);
    return &context;
  }
  // Any points will do: what they are multiples of is the client's business.
  v1::AttachmentPoint PointOf(uint64_t name) const {
    v1::AttachmentPoint point;
    point.set_point(crypto::HashToCurve(fmt::format("reference {}", name)).str());
    point.set_mac_point(crypto::HashToCurve(fmt::format("owner {}", name)).str());
    point.set_thread_id(mailbox_.payload.ThreadId(0));
    point.set_message_id(mailbox_.payload.MessageId(0));
    return point;
  }

  const std::unique_ptr<v1::AttachmentService::Stub> stub_;
  const LoadMailbox& mailbox_;
  std::string content_;
  std::vector<v1::UploadRequest> chunks_;  // of the content; the first one takes a ticket
};

}  // namespace

absl::Status MeasureAttachments(Bench& bench) {
  Experiment experiment(
      bench, {
                 {"attachment_put_mib",
                  "an attachment of 16 MiB prepared, uploaded and attached, one after the other; "
                  "the last one is compared",
                  "put", ""},
                 {"attachment_get_mib",
                  "an attachment of 16 MiB found, downloaded and compared, one time after the other", "get", ""},
             });
  if (!experiment.Wanted()) return absl::OkStatus();
  const auto server = bench.NewServer("attachments");
  if (!server.ok()) return server.status();
  const auto mailbox = (*server)->AddMailbox(bench.payload(), 1);
  if (!mailbox.ok()) return mailbox.status();
  if (absl::Status status = (*server)->Fill({*mailbox}, 1, 1, 1); !status.ok()) return status;
  Attachments attachments((*server)->channels()[0], **mailbox);
  if (absl::Status status = attachments.Put(0); !status.ok()) return status;
  uint64_t last = 0;

  experiment.Add("put", [&] {
    return Contender{"labyrinthd", "MiB/s", [&]() -> absl::StatusOr<double> {
                       const auto begun = Clock::now();
                       for (int i = 0; i < kPutsPerSlice; ++i) {
                         if (absl::Status status = attachments.Put(++last); !status.ok()) return status;
                       }
                       const double seconds = Seconds(Clock::now() - begun);
                       if (absl::Status status = attachments.Get(last); !status.ok()) return status;
                       return kPutsPerSlice * kMib / seconds;
                     }};
  });
  experiment.Add("get", [&] {
    return Contender{"labyrinthd", "MiB/s", [&, most = bench.slice_seconds()]() -> absl::StatusOr<double> {
                       const auto begun = Clock::now();
                       double seconds = 0;
                       int gets = 0;
                       for (; seconds < most; seconds = Seconds(Clock::now() - begun), ++gets) {
                         if (absl::Status status = attachments.Get(0); !status.ok()) return status;
                       }
                       return gets * kMib / seconds;
                     }};
  });
  return experiment.Run();
}

}  // namespace labyrinth::bench
