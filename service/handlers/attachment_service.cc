#include "service/handlers/attachment_service.h"

#include <memory>
#include <utility>

#include "common/errors.h"
#include "common/limits.h"
#include "service/attachments/attachments.h"
#include "service/converters/attachments.h"
#include "service/handlers/attachment_download.h"
#include "service/handlers/attachment_upload.h"

namespace labyrinth::service {

using attachments::PreparedDownload;
using attachments::PreparedUpload;

namespace {

// Of a new upload; one that is resumed is compared with its ticket.
absl::Status CheckSize(uint64_t size_bytes) {
  if (size_bytes == 0) return errors::InvalidField("size_bytes", "required");
  if (size_bytes > limits::kAttachmentBytes) {
    return errors::LimitExceeded("size_bytes", "attachment_bytes", limits::kAttachmentBytes);
  }
  return absl::OkStatus();
}

}  // namespace

grpc::ServerUnaryReactor* AttachmentServiceHandler::PrepareUpload(grpc::CallbackServerContext* rpc,
                                                                  const v1::PrepareUploadRequest* request,
                                                                  v1::PrepareUploadResponse* response) {
  Call call(context_, rpc, "prepare_upload");
  grpc::ServerUnaryReactor* reactor = call.reactor();
  absl::StatusOr<mailbox::Caller> caller = call.Device();
  call.HideMailbox();
  if (!caller.ok()) return call.Finish(caller.status()), reactor;
  const bool resuming = !request->upload_ticket().empty();
  if (absl::Status s = resuming ? absl::OkStatus() : CheckSize(request->size_bytes()); !s.ok()) {
    return call.Finish(s), reactor;
  }
  const absl::Time deadline = call.deadline();
  auto answer = [call = std::move(call), response](absl::StatusOr<PreparedUpload> prepared) mutable {
    if (prepared.ok()) {
      response->set_upload_ticket(std::move(prepared->ticket));
      response->set_committed_bytes(prepared->committed_bytes);
      response->set_expire_ms(prepared->expire_ms);
    }
    call.Finish(prepared.status());
  };
  if (resuming) {
    context_.attachments.uploads.Resume(*caller, request->upload_ticket(), request->size_bytes(), deadline,
                                        std::move(answer));
  } else {
    context_.attachments.uploads.Prepare(*caller, request->size_bytes(), deadline, std::move(answer));
  }
  return reactor;
}

grpc::ServerReadReactor<v1::UploadRequest>* AttachmentServiceHandler::Upload(grpc::CallbackServerContext* rpc,
                                                                             v1::UploadResponse* response) {
  return UploadStream::Begin(std::make_shared<UploadStream>(context_, rpc, response));
}

grpc::ServerUnaryReactor* AttachmentServiceHandler::CreateReference(grpc::CallbackServerContext* rpc,
                                                                    const v1::CreateReferenceRequest* request,
                                                                    v1::CreateReferenceResponse*) {
  Call call(context_, rpc, "create_reference");
  grpc::ServerUnaryReactor* reactor = call.reactor();
  absl::StatusOr<mailbox::Caller> caller = call.Device();
  call.HideMailbox();
  if (!caller.ok()) return call.Finish(caller.status()), reactor;
  auto claim = ParseClaim(request->attachment(), "attachment");
  if (!claim.ok()) return call.Finish(claim.status()), reactor;
  if (request->sealed_name().size() > limits::kAttachmentSealedNameBytes) {
    const auto refused =
        errors::LimitExceeded("sealed_name", "attachment_sealed_name_bytes", limits::kAttachmentSealedNameBytes);
    return call.Finish(refused), reactor;
  }
  const absl::Time deadline = call.deadline();
  context_.attachments.references.Create(
      *caller, *std::move(claim), request->upload_ticket(), request->sealed_name(), deadline,
      [call = std::move(call)](absl::Status status) mutable { call.Finish(status); });
  return reactor;
}

grpc::ServerUnaryReactor* AttachmentServiceHandler::PrepareDownload(grpc::CallbackServerContext* rpc,
                                                                    const v1::PrepareDownloadRequest* request,
                                                                    v1::PrepareDownloadResponse* response) {
  Call call(context_, rpc, "prepare_download");
  grpc::ServerUnaryReactor* reactor = call.reactor();
  absl::StatusOr<mailbox::Caller> caller = call.Device();
  call.HideMailbox();
  if (!caller.ok()) return call.Finish(caller.status()), reactor;
  auto claim = ParseClaim(request->attachment(), "attachment");
  if (!claim.ok()) return call.Finish(claim.status()), reactor;
  const absl::Time deadline = call.deadline();
  context_.attachments.downloads.Prepare(
      *caller, *std::move(claim), deadline,
      [call = std::move(call), response](absl::StatusOr<PreparedDownload> prepared) mutable {
        if (prepared.ok()) {
          response->set_download_ticket(std::move(prepared->ticket));
          response->set_size_bytes(prepared->size_bytes);
          response->set_expire_ms(prepared->expire_ms);
          response->set_sealed_name(std::move(prepared->sealed_name));
        }
        call.Finish(prepared.status());
      });
  return reactor;
}

grpc::ServerWriteReactor<v1::DownloadResponse>* AttachmentServiceHandler::Download(grpc::CallbackServerContext* rpc,
                                                                                   const v1::DownloadRequest* request) {
  const auto refuse = [&](const absl::Status& status) {
    return RefusedStream<v1::DownloadResponse>::Begin(context_, context_.attachment_streams, rpc, "download", status);
  };
  absl::StatusOr<SessionClaims> session = Credentials(context_.accounts, context_.sessions, *rpc).Session();
  if (!session.ok()) return refuse(session.status());
  const mailbox::Caller caller{std::move(session->partition), session->incarnation, session->device_id};
  auto hold = context_.attachments.downloads.Open(caller, request->download_ticket(), request->offset());
  if (!hold.ok()) return refuse(hold.status());
  return DownloadStream::Begin(
      std::make_shared<DownloadStream>(context_, rpc, *std::move(hold), request->offset(), session->expire_ms));
}

}  // namespace labyrinth::service
