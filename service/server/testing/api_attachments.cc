#include "service/server/testing/api_attachments.h"

#include <catch2/catch.hpp>

#include "common/crc32c.h"
#include "common/limits.h"
#include "service/server/testing/api_device.h"

namespace labyrinth::service::testing {

v1::UploadRequest ChunkOf(const std::string& ticket, uint64_t offset, const std::string& data) {
  v1::UploadRequest request;
  request.set_upload_ticket(ticket);
  request.set_offset(offset);
  request.set_data(data);
  request.set_crc32c(Crc32c(data));
  return request;
}

UploadCall::~UploadCall() {
  if (!ended_) Break();
}

grpc::Status UploadCall::End() {
  writer_->WritesDone();
  return AwaitEnd();
}

grpc::Status UploadCall::AwaitEnd() {
  ended_ = true;
  return writer_->Finish();
}

void UploadCall::Break() {
  context_.TryCancel();
  AwaitEnd();
}

DownloadCall::DownloadCall(const std::shared_ptr<grpc::Channel>& channel, const std::string& session,
                           const std::string& ticket, uint64_t offset)
    : stub_(v1::AttachmentService::NewStub(channel)), offset_(offset) {
  Authorize(context_, "", session);
  v1::DownloadRequest request;
  request.set_download_ticket(ticket);
  request.set_offset(offset);
  reader_ = stub_->Download(&context_, request);
}

DownloadCall::~DownloadCall() {
  if (ended_) return;
  context_.TryCancel();
  reader_->Finish();
}

std::optional<std::string> DownloadCall::Next() {
  v1::DownloadResponse response;
  if (!reader_->Read(&response)) return std::nullopt;
  CHECK(response.offset() == offset_);
  CHECK(response.crc32c() == Crc32c(response.data()));
  offset_ += response.data().size();
  return response.data();
}

std::pair<std::string, grpc::Status> DownloadCall::Rest() {
  std::string all;
  while (const auto data = Next()) all += *data;
  ended_ = true;
  return {all, reader_->Finish()};
}

grpc::Status AttachmentCaller::PrepareUpload(uint64_t size_bytes, const std::string& ticket,
                                             v1::PrepareUploadResponse& response) const {
  grpc::ClientContext context;
  Authorize(context, "", session_);
  v1::PrepareUploadRequest request;
  request.set_size_bytes(size_bytes);
  request.set_upload_ticket(ticket);
  return stub_->PrepareUpload(&context, request, &response);
}

grpc::Status AttachmentCaller::CreateReference(const v1::AttachmentPoint& point, const std::string& ticket,
                                               const std::string& sealed_name) const {
  grpc::ClientContext context;
  Authorize(context, "", session_);
  v1::CreateReferenceRequest request;
  *request.mutable_attachment() = point;
  request.set_upload_ticket(ticket);
  request.set_sealed_name(sealed_name);
  v1::CreateReferenceResponse response;
  return stub_->CreateReference(&context, request, &response);
}

grpc::Status AttachmentCaller::PrepareDownload(const v1::AttachmentPoint& point,
                                               v1::PrepareDownloadResponse& response) const {
  grpc::ClientContext context;
  Authorize(context, "", session_);
  v1::PrepareDownloadRequest request;
  *request.mutable_attachment() = point;
  return stub_->PrepareDownload(&context, request, &response);
}

grpc::Status AttachmentCaller::Find(const v1::AttachmentPoint& point) const {
  v1::PrepareDownloadResponse response;
  return PrepareDownload(point, response);
}

grpc::Status AttachmentCaller::Resume(const std::string& ticket, uint64_t size_bytes) const {
  v1::PrepareUploadResponse response;
  return PrepareUpload(size_bytes, ticket, response);
}

grpc::Status AttachmentCaller::SendOne(const v1::UploadRequest& request) const {
  const auto upload = Upload();
  upload->Send(request);
  return upload->End();
}

std::string AttachmentCaller::MustPrepare(uint64_t size_bytes) const {
  v1::PrepareUploadResponse response;
  const grpc::Status status = PrepareUpload(size_bytes, "", response);
  INFO(status.error_message());
  REQUIRE(status.ok());
  CHECK(response.committed_bytes() == 0);
  return response.upload_ticket();
}

uint64_t AttachmentCaller::MustResume(const std::string& ticket) const {
  v1::PrepareUploadResponse response;
  const grpc::Status status = PrepareUpload(0, ticket, response);
  INFO(status.error_message());
  REQUIRE(status.ok());
  CHECK(response.upload_ticket() == ticket);
  return response.committed_bytes();
}

std::string AttachmentCaller::MustUpload(const std::string& content) const {
  const std::string ticket = MustPrepare(content.size());
  const auto upload = Upload();
  for (std::size_t at = 0; at < content.size(); at += limits::kAttachmentChunkBytes) {
    REQUIRE(upload->Send(ChunkOf(at == 0 ? ticket : "", at, content.substr(at, limits::kAttachmentChunkBytes))));
  }
  const grpc::Status status = upload->End();
  INFO(status.error_message());
  REQUIRE(status.ok());
  REQUIRE(upload->committed() == content.size());
  return ticket;
}

std::string AttachmentCaller::MustFind(const v1::AttachmentPoint& point) const {
  v1::PrepareDownloadResponse response;
  const grpc::Status status = PrepareDownload(point, response);
  INFO(status.error_message());
  REQUIRE(status.ok());
  return response.download_ticket();
}

}  // namespace labyrinth::service::testing
