// AttachmentService on the callback API. The streams are in attachment_upload.h and attachment_download.h.
#ifndef LABYRINTH_SERVICE_HANDLERS_ATTACHMENT_SERVICE_H_
#define LABYRINTH_SERVICE_HANDLERS_ATTACHMENT_SERVICE_H_

#include "proto/labyrinth/v1/attachment.grpc.pb.h"
#include "service/handlers/call.h"

namespace labyrinth::service {

// Thread-safe.
class AttachmentServiceHandler final : public v1::AttachmentService::CallbackService {
 public:
  explicit AttachmentServiceHandler(const HandlerContext& context) : context_(context) {}

  grpc::ServerUnaryReactor* PrepareUpload(grpc::CallbackServerContext* rpc, const v1::PrepareUploadRequest* request,
                                          v1::PrepareUploadResponse* response) override;
  grpc::ServerReadReactor<v1::UploadRequest>* Upload(grpc::CallbackServerContext* rpc,
                                                     v1::UploadResponse* response) override;
  grpc::ServerUnaryReactor* CreateReference(grpc::CallbackServerContext* rpc, const v1::CreateReferenceRequest* request,
                                            v1::CreateReferenceResponse* response) override;
  grpc::ServerUnaryReactor* PrepareDownload(grpc::CallbackServerContext* rpc, const v1::PrepareDownloadRequest* request,
                                            v1::PrepareDownloadResponse* response) override;
  grpc::ServerWriteReactor<v1::DownloadResponse>* Download(grpc::CallbackServerContext* rpc,
                                                           const v1::DownloadRequest* request) override;

 private:
  const HandlerContext& context_;
};

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_HANDLERS_ATTACHMENT_SERVICE_H_
