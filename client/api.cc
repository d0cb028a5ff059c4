#include "client/api.h"

#include "client/stubs.h"

namespace labyrinth::client {
namespace {

// A generated method of a stub.
template <typename Stub, typename Request, typename Response>
using Method = grpc::Status (Stub::*)(grpc::ClientContext*, const Request&, Response*);

template <typename Stub, typename Request, typename Response>
absl::StatusOr<Response> WithToken(Connection& connection, Stub& stub, Method<Stub, Request, Response> method,
                                   const Request& request) {
  Response response;
  const absl::Status status = connection.CallWithToken([&](const crypto::Secret& token, grpc::ClientContext& context) {
    AddToken(token, context);
    return (stub.*method)(&context, request, &response);
  });
  if (!status.ok()) return status;
  return response;
}

template <typename Stub, typename Request, typename Response>
absl::StatusOr<Response> WithSession(Session& session, Stub& stub, Method<Stub, Request, Response> method,
                                     const Request& request) {
  Response response;
  const absl::Status status =
      session.Call([&](grpc::ClientContext& context) { return (stub.*method)(&context, request, &response); });
  if (!status.ok()) return status;
  return response;
}

}  // namespace

absl::StatusOr<v1::CreateMailboxResponse> AccountApi::CreateMailbox(const v1::CreateMailboxRequest& request) {
  return WithToken(connection_, connection_.stubs().mailbox, &v1::MailboxService::Stub::CreateMailbox, request);
}

absl::StatusOr<v1::RegisterDeviceResponse> AccountApi::RegisterDevice(const v1::RegisterDeviceRequest& request) {
  return WithToken(connection_, connection_.stubs().device, &v1::DeviceService::Stub::RegisterDevice, request);
}

absl::StatusOr<v1::GetVirtualDeviceResponse> AccountApi::GetVirtualDevice(const v1::GetVirtualDeviceRequest& request) {
  return WithToken(connection_, connection_.stubs().device, &v1::DeviceService::Stub::GetVirtualDevice, request);
}

absl::StatusOr<v1::ListVirtualDeviceChecksResponse> AccountApi::ListVirtualDeviceChecks(
    const v1::ListVirtualDeviceChecksRequest& request) {
  return WithToken(connection_, connection_.stubs().device, &v1::DeviceService::Stub::ListVirtualDeviceChecks, request);
}

absl::StatusOr<v1::OpenEnrollmentResponse> AccountApi::OpenEnrollment(const v1::OpenEnrollmentRequest& request) {
  return WithToken(connection_, connection_.stubs().enrollment, &v1::EnrollmentService::Stub::OpenEnrollment, request);
}

absl::StatusOr<v1::SendEnrollmentMessageResponse> AccountApi::SendEnrollmentMessage(
    const v1::SendEnrollmentMessageRequest& request) {
  return WithToken(connection_, connection_.stubs().enrollment, &v1::EnrollmentService::Stub::SendEnrollmentMessage,
                   request);
}

absl::StatusOr<v1::GetMailboxResponse> Api::GetMailbox(const v1::GetMailboxRequest& request) {
  return WithSession(session_, connection_.stubs().mailbox, &v1::MailboxService::Stub::GetMailbox, request);
}

absl::StatusOr<v1::ListLogResponse> Api::ListLog(const v1::ListLogRequest& request) {
  return WithSession(session_, connection_.stubs().mailbox, &v1::MailboxService::Stub::ListLog, request);
}

absl::StatusOr<v1::ListEpochsResponse> Api::ListEpochs(const v1::ListEpochsRequest& request) {
  return WithSession(session_, connection_.stubs().epoch, &v1::EpochService::Stub::ListEpochs, request);
}

absl::StatusOr<v1::DeleteMailboxResponse> Api::DeleteMailbox(const v1::DeleteMailboxRequest& request) {
  return WithSession(session_, connection_.stubs().mailbox, &v1::MailboxService::Stub::DeleteMailbox, request);
}

absl::StatusOr<v1::ListDevicesResponse> Api::ListDevices(const v1::ListDevicesRequest& request) {
  return WithSession(session_, connection_.stubs().device, &v1::DeviceService::Stub::ListDevices, request);
}

absl::StatusOr<v1::CreateVirtualDeviceResponse> Api::CreateVirtualDevice(
    const v1::CreateVirtualDeviceRequest& request) {
  return WithSession(session_, connection_.stubs().device, &v1::DeviceService::Stub::CreateVirtualDevice, request);
}

absl::StatusOr<v1::RevokeDeviceResponse> Api::RevokeDevice(const v1::RevokeDeviceRequest& request) {
  return WithSession(session_, connection_.stubs().device, &v1::DeviceService::Stub::RevokeDevice, request);
}

absl::StatusOr<v1::OpenEpochResponse> Api::OpenEpoch(const v1::OpenEpochRequest& request) {
  return WithSession(session_, connection_.stubs().epoch, &v1::EpochService::Stub::OpenEpoch, request);
}

absl::StatusOr<v1::SaveMessagesResponse> Api::SaveMessages(const v1::SaveMessagesRequest& request) {
  return WithSession(session_, connection_.stubs().history, &v1::HistoryService::Stub::SaveMessages, request);
}

absl::StatusOr<v1::BatchGetMessagesResponse> Api::BatchGetMessages(const v1::BatchGetMessagesRequest& request) {
  return WithSession(session_, connection_.stubs().history, &v1::HistoryService::Stub::BatchGetMessages, request);
}

absl::StatusOr<v1::ListMessagesResponse> Api::ListMessages(const v1::ListMessagesRequest& request) {
  return WithSession(session_, connection_.stubs().history, &v1::HistoryService::Stub::ListMessages, request);
}

absl::StatusOr<v1::ListThreadsResponse> Api::ListThreads(const v1::ListThreadsRequest& request) {
  return WithSession(session_, connection_.stubs().history, &v1::HistoryService::Stub::ListThreads, request);
}

absl::StatusOr<v1::DeleteMessagesResponse> Api::DeleteMessages(const v1::DeleteMessagesRequest& request) {
  return WithSession(session_, connection_.stubs().history, &v1::HistoryService::Stub::DeleteMessages, request);
}

absl::StatusOr<v1::ListChangesResponse> Api::ListChanges(const v1::ListChangesRequest& request) {
  return WithSession(session_, connection_.stubs().history, &v1::HistoryService::Stub::ListChanges, request);
}

absl::StatusOr<v1::PrepareUploadResponse> Api::PrepareUpload(const v1::PrepareUploadRequest& request) {
  return WithSession(session_, connection_.stubs().attachment, &v1::AttachmentService::Stub::PrepareUpload, request);
}

absl::StatusOr<v1::CreateReferenceResponse> Api::CreateReference(const v1::CreateReferenceRequest& request) {
  return WithSession(session_, connection_.stubs().attachment, &v1::AttachmentService::Stub::CreateReference, request);
}

absl::StatusOr<v1::PrepareDownloadResponse> Api::PrepareDownload(const v1::PrepareDownloadRequest& request) {
  return WithSession(session_, connection_.stubs().attachment, &v1::AttachmentService::Stub::PrepareDownload, request);
}

absl::StatusOr<v1::SendEnrollmentMessageResponse> Api::SendEnrollmentMessage(
    const v1::SendEnrollmentMessageRequest& request) {
  return WithSession(session_, connection_.stubs().enrollment, &v1::EnrollmentService::Stub::SendEnrollmentMessage,
                     request);
}

absl::Status Api::Stream(Attempt attempt) {
  return session_.Call([&](grpc::ClientContext& context) { return attempt(connection_.stubs(), context); });
}

}  // namespace labyrinth::client
