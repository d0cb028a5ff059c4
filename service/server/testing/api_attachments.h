// Attachments over the public API, chunk by chunk. testonly.
#ifndef LABYRINTH_SERVICE_SERVER_TESTING_API_ATTACHMENTS_H_
#define LABYRINTH_SERVICE_SERVER_TESTING_API_ATTACHMENTS_H_

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "proto/labyrinth/v1/attachment.grpc.pb.h"

namespace labyrinth::service::testing {

// What a well-behaved client sends of `data`.
v1::UploadRequest ChunkOf(const std::string& ticket, uint64_t offset, const std::string& data);

// One stream of an upload. Cancelled when it goes out of scope unfinished. Thread-compatible.
class UploadCall {
 public:
  explicit UploadCall(const std::shared_ptr<grpc::Channel>& channel)
      : stub_(v1::AttachmentService::NewStub(channel)), writer_(stub_->Upload(&context_, &response_)) {}
  ~UploadCall();

  // False once the server has ended the stream.
  bool Send(const v1::UploadRequest& request) { return writer_->Write(request); }
  // Closes this side, and waits for the answer.
  grpc::Status End();
  // Waits for the server to end it.
  grpc::Status AwaitEnd();
  // As when the connection breaks.
  void Break();
  // As the answer says.
  uint64_t committed() const { return response_.committed_bytes(); }

 private:
  grpc::ClientContext context_;
  v1::UploadResponse response_;
  const std::unique_ptr<v1::AttachmentService::Stub> stub_;
  const std::unique_ptr<grpc::ClientWriter<v1::UploadRequest>> writer_;
  bool ended_ = false;
};

// One stream of a download. Cancelled when it goes out of scope unfinished. Thread-compatible.
class DownloadCall {
 public:
  DownloadCall(const std::shared_ptr<grpc::Channel>& channel, const std::string& session, const std::string& ticket,
               uint64_t offset);
  ~DownloadCall();

  // nullopt at the end. Checks place and checksum.
  std::optional<std::string> Next();
  // Everything up to the end, then its status.
  std::pair<std::string, grpc::Status> Rest();

 private:
  grpc::ClientContext context_;
  const std::unique_ptr<v1::AttachmentService::Stub> stub_;
  std::unique_ptr<grpc::ClientReader<v1::DownloadResponse>> reader_;
  uint64_t offset_;
  bool ended_ = false;
};

// The unary calls of one device. Thread-compatible.
class AttachmentCaller {
 public:
  AttachmentCaller(std::shared_ptr<grpc::Channel> channel, std::string session)
      : channel_(std::move(channel)), session_(std::move(session)), stub_(v1::AttachmentService::NewStub(channel_)) {}

  grpc::Status PrepareUpload(uint64_t size_bytes, const std::string& ticket, v1::PrepareUploadResponse& response) const;
  grpc::Status CreateReference(const v1::AttachmentPoint& point, const std::string& ticket,
                               const std::string& sealed_name = "name") const;
  grpc::Status PrepareDownload(const v1::AttachmentPoint& point, v1::PrepareDownloadResponse& response) const;

  // How a call ended, and nothing of its answer.
  grpc::Status Find(const v1::AttachmentPoint& point) const;
  grpc::Status Resume(const std::string& ticket, uint64_t size_bytes = 0) const;
  // One message in a stream of its own.
  grpc::Status SendOne(const v1::UploadRequest& request) const;

  // The new upload's ticket. The test fails unless there is one.
  std::string MustPrepare(uint64_t size_bytes) const;
  // What is stored of an upload. The test fails unless it can be resumed.
  uint64_t MustResume(const std::string& ticket) const;
  // Sends everything; the ticket.
  std::string MustUpload(const std::string& content) const;
  // The download's ticket.
  std::string MustFind(const v1::AttachmentPoint& point) const;

  std::unique_ptr<UploadCall> Upload() const { return std::make_unique<UploadCall>(channel_); }
  std::unique_ptr<DownloadCall> Download(const std::string& ticket, uint64_t offset = 0) const {
    return std::make_unique<DownloadCall>(channel_, session_, ticket, offset);
  }

 private:
  const std::shared_ptr<grpc::Channel> channel_;
  const std::string session_;
  const std::unique_ptr<v1::AttachmentService::Stub> stub_;
};

}  // namespace labyrinth::service::testing

#endif  // LABYRINTH_SERVICE_SERVER_TESTING_API_ATTACHMENTS_H_
