#include "client/attachments/testing/fake_attachments.h"

#include <algorithm>

#include "common/crc32c.h"
#include "common/errors.h"
#include "common/rpc_status.h"

namespace labyrinth::client::testing {
namespace {

constexpr std::size_t kChunk = 256 * 1024;
constexpr int64_t kExpireMs = 4'000'000'000'000;

}  // namespace

absl::Status FakeAttachments::Enter(const std::string& method) {
  ++calls[method];
  return before ? before(method) : absl::OkStatus();
}

grpc::Status FakeAttachments::PrepareUpload(grpc::ServerContext*, const v1::PrepareUploadRequest* request,
                                            v1::PrepareUploadResponse* response) {
  absl::MutexLock lock(&mutex_);
  if (absl::Status s = Enter("PrepareUpload"); !s.ok()) return ToGrpc(s);
  std::string ticket = request->upload_ticket();
  if (ticket.empty()) {
    ticket = "upload-" + std::to_string(++next_ticket_);
    uploads[ticket].size_bytes = request->size_bytes();
  }
  const auto it = uploads.find(ticket);
  if (it == uploads.end()) return ToGrpc(errors::TicketExpired());
  response->set_upload_ticket(ticket);
  response->set_committed_bytes(it->second.data.size());
  response->set_expire_ms(kExpireMs);
  if (on_prepare_upload) on_prepare_upload(*response);
  return grpc::Status::OK;
}

grpc::Status FakeAttachments::Upload(grpc::ServerContext*, grpc::ServerReader<v1::UploadRequest>* reader,
                                     v1::UploadResponse* response) {
  std::string ticket;
  v1::UploadRequest request;
  while (reader->Read(&request)) {
    absl::MutexLock lock(&mutex_);
    if (ticket.empty()) {
      ticket = request.upload_ticket();
      if (absl::Status s = Enter("Upload"); !s.ok()) return ToGrpc(s);
    }
    const auto it = uploads.find(ticket);
    if (it == uploads.end()) return ToGrpc(errors::TicketExpired());
    std::string& data = it->second.data;
    const uint64_t end = data.size() + request.data().size();
    const bool whole = request.data().size() == kChunk || end == it->second.size_bytes;
    if (request.offset() != data.size() || !whole || end > it->second.size_bytes ||
        Crc32c(request.data()) != request.crc32c()) {
      return ToGrpc(errors::InvalidField("offset", "wrong"));
    }
    if (break_upload_after == 0) {
      break_upload_after = -1;
      return grpc::Status(grpc::StatusCode::UNAVAILABLE, "broken");
    }
    if (break_upload_after > 0) --break_upload_after;
    data += request.data();
    ++chunks_received;
  }
  absl::MutexLock lock(&mutex_);
  response->set_committed_bytes(uploads[ticket].data.size());
  return grpc::Status::OK;
}

grpc::Status FakeAttachments::CreateReference(grpc::ServerContext*, const v1::CreateReferenceRequest* request,
                                              v1::CreateReferenceResponse*) {
  absl::MutexLock lock(&mutex_);
  if (absl::Status s = Enter("CreateReference"); !s.ok()) return ToGrpc(s);
  const v1::AttachmentPoint& point = request->attachment();
  const auto upload = uploads.find(request->upload_ticket());
  if (upload == uploads.end()) return ToGrpc(errors::TicketExpired());
  const bool complete = upload->second.data.size() == upload->second.size_bytes;
  const auto known = references.find(point.point());
  const bool taken = known != references.end() && known->second.upload_ticket != request->upload_ticket();
  if (!complete || taken || !message_exists_(point.thread_id(), point.message_id())) {
    return ToGrpc(errors::AttachmentNotFound());
  }
  references[point.point()] = {point, request->upload_ticket()};
  if (before) return ToGrpc(before("after:CreateReference"));
  return grpc::Status::OK;
}

const FakeAttachments::Reference* FakeAttachments::Find(const v1::AttachmentPoint& point) const {
  const auto it = references.find(point.point());
  if (it == references.end() || it->second.point.SerializeAsString() != point.SerializeAsString() ||
      !uploads.contains(it->second.upload_ticket) || !message_exists_(point.thread_id(), point.message_id())) {
    return nullptr;
  }
  return &it->second;
}

grpc::Status FakeAttachments::PrepareDownload(grpc::ServerContext*, const v1::PrepareDownloadRequest* request,
                                              v1::PrepareDownloadResponse* response) {
  absl::MutexLock lock(&mutex_);
  if (absl::Status s = Enter("PrepareDownload"); !s.ok()) return ToGrpc(s);
  const Reference* reference = Find(request->attachment());
  if (reference == nullptr) return ToGrpc(errors::AttachmentNotFound());
  const std::string ticket = "download-" + std::to_string(++next_ticket_);
  downloads_[ticket] = reference->upload_ticket;
  response->set_download_ticket(ticket);
  response->set_size_bytes(uploads[reference->upload_ticket].size_bytes);
  response->set_expire_ms(kExpireMs);
  if (on_prepare_download) on_prepare_download(*response);
  return grpc::Status::OK;
}

grpc::Status FakeAttachments::Download(grpc::ServerContext*, const v1::DownloadRequest* request,
                                       grpc::ServerWriter<v1::DownloadResponse>* writer) {
  absl::MutexLock lock(&mutex_);
  if (absl::Status s = Enter("Download"); !s.ok()) return ToGrpc(s);
  const auto ticket = downloads_.find(request->download_ticket());
  if (ticket == downloads_.end()) return ToGrpc(errors::TicketExpired());
  if (request->offset() % kChunk != 0) return ToGrpc(errors::InvalidField("offset", "not a multiple"));
  const std::string data = uploads[ticket->second].data + extra;
  for (std::size_t at = request->offset(); at < data.size(); at += kChunk) {
    if (break_download_after == 0) {
      break_download_after = -1;
      return grpc::Status(grpc::StatusCode::UNAVAILABLE, "broken");
    }
    if (break_download_after > 0) --break_download_after;
    v1::DownloadResponse response;
    response.set_offset(at);
    response.set_data(data.substr(at, kChunk));
    response.set_crc32c(Crc32c(response.data()));
    if (on_chunk) on_chunk(response);
    if (!writer->Write(response)) break;
  }
  return grpc::Status::OK;
}

}  // namespace labyrinth::client::testing
