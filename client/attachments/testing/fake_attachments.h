// A server of attachments for the client's tests: honest until a hook makes it lie.
#ifndef LABYRINTH_CLIENT_ATTACHMENTS_TESTING_FAKE_ATTACHMENTS_H_
#define LABYRINTH_CLIENT_ATTACHMENTS_TESTING_FAKE_ATTACHMENTS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "client/testing/fake_server.h"
#include "proto/labyrinth/v1/attachment.grpc.pb.h"

namespace labyrinth::client::testing {

// Serves beside a FakeServer, whose messages it looks up. Keeps the API's order of chunks, checksums and tickets; takes
// every caller for a member and a client's points for the index itself. Thread-safe; fields are set between calls.
class FakeAttachments final : public v1::AttachmentService::Service {
 public:
  struct Upload {
    uint64_t size_bytes = 0;
    std::string data;
  };
  struct Reference {
    v1::AttachmentPoint point;
    std::string upload_ticket;
  };

  // `message_exists(thread, message)` decides about references.
  explicit FakeAttachments(std::function<bool(const std::string&, const std::string&)> message_exists)
      : message_exists_(std::move(message_exists)) {}

  std::map<std::string, Upload> uploads;        // by ticket
  std::map<std::string, Reference> references;  // by point
  std::map<std::string, int> calls;             // by method name
  uint64_t chunks_received = 0;

  // Breaks a stream, once, after so many chunks; negative: never.
  int break_upload_after = -1;
  int break_download_after = -1;
  std::function<absl::Status(const std::string& method)> before;
  std::function<void(v1::PrepareUploadResponse&)> on_prepare_upload;
  std::function<void(v1::PrepareDownloadResponse&)> on_prepare_download;
  std::function<void(v1::DownloadResponse&)> on_chunk;
  std::string extra;  // sent after the last byte

 private:
  grpc::Status PrepareUpload(grpc::ServerContext*, const v1::PrepareUploadRequest*,
                             v1::PrepareUploadResponse*) override;
  grpc::Status Upload(grpc::ServerContext*, grpc::ServerReader<v1::UploadRequest>*, v1::UploadResponse*) override;
  grpc::Status CreateReference(grpc::ServerContext*, const v1::CreateReferenceRequest*,
                               v1::CreateReferenceResponse*) override;
  grpc::Status PrepareDownload(grpc::ServerContext*, const v1::PrepareDownloadRequest*,
                               v1::PrepareDownloadResponse*) override;
  grpc::Status Download(grpc::ServerContext*, const v1::DownloadRequest*,
                        grpc::ServerWriter<v1::DownloadResponse>*) override;

  absl::Status Enter(const std::string& method);
  // Null unless the reference and its message are there.
  const Reference* Find(const v1::AttachmentPoint& point) const;

  const std::function<bool(const std::string&, const std::string&)> message_exists_;
  absl::Mutex mutex_;
  int next_ticket_ = 0;
  std::map<std::string, std::string> downloads_;  // upload's ticket by download's
};

}  // namespace labyrinth::client::testing

#endif  // LABYRINTH_CLIENT_ATTACHMENTS_TESTING_FAKE_ATTACHMENTS_H_
