// The server's calls as plain functions, each with the credential that it needs.
#ifndef LABYRINTH_CLIENT_API_H_
#define LABYRINTH_CLIENT_API_H_

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/connection.h"
#include "client/session.h"
#include "proto/labyrinth/v1/attachment.pb.h"
#include "proto/labyrinth/v1/device.pb.h"
#include "proto/labyrinth/v1/enrollment.pb.h"
#include "proto/labyrinth/v1/epoch.pb.h"
#include "proto/labyrinth/v1/history.pb.h"
#include "proto/labyrinth/v1/mailbox.pb.h"

namespace labyrinth::client {

// Calls that need the account token alone. Replies are the server's word: nothing is checked here. Errors are those of
// Caller::Run and of the token's source. Thread-compatible; borrows the connection.
class AccountApi {
 public:
  explicit AccountApi(Connection& connection) : connection_(connection) {}

  absl::StatusOr<v1::CreateMailboxResponse> CreateMailbox(const v1::CreateMailboxRequest& request);
  absl::StatusOr<v1::RegisterDeviceResponse> RegisterDevice(const v1::RegisterDeviceRequest& request);
  absl::StatusOr<v1::GetVirtualDeviceResponse> GetVirtualDevice(const v1::GetVirtualDeviceRequest& request);
  absl::StatusOr<v1::ListVirtualDeviceChecksResponse> ListVirtualDeviceChecks(
      const v1::ListVirtualDeviceChecksRequest& request);
  absl::StatusOr<v1::OpenEnrollmentResponse> OpenEnrollment(const v1::OpenEnrollmentRequest& request);
  // As the new device.
  absl::StatusOr<v1::SendEnrollmentMessageResponse> SendEnrollmentMessage(
      const v1::SendEnrollmentMessageRequest& request);

 private:
  Connection& connection_;
};

// Calls that need a device's session. As above.
class Api {
 public:
  Api(Connection& connection, SessionIdentity identity)
      : connection_(connection), session_(connection, std::move(identity)) {}

  // A virtual device may make the first three as well.
  absl::StatusOr<v1::GetMailboxResponse> GetMailbox(const v1::GetMailboxRequest& request);
  absl::StatusOr<v1::ListLogResponse> ListLog(const v1::ListLogRequest& request);
  absl::StatusOr<v1::ListEpochsResponse> ListEpochs(const v1::ListEpochsRequest& request);

  absl::StatusOr<v1::DeleteMailboxResponse> DeleteMailbox(const v1::DeleteMailboxRequest& request);
  absl::StatusOr<v1::ListDevicesResponse> ListDevices(const v1::ListDevicesRequest& request);
  absl::StatusOr<v1::CreateVirtualDeviceResponse> CreateVirtualDevice(const v1::CreateVirtualDeviceRequest& request);
  absl::StatusOr<v1::RevokeDeviceResponse> RevokeDevice(const v1::RevokeDeviceRequest& request);
  absl::StatusOr<v1::OpenEpochResponse> OpenEpoch(const v1::OpenEpochRequest& request);
  absl::StatusOr<v1::SaveMessagesResponse> SaveMessages(const v1::SaveMessagesRequest& request);
  absl::StatusOr<v1::BatchGetMessagesResponse> BatchGetMessages(const v1::BatchGetMessagesRequest& request);
  absl::StatusOr<v1::ListMessagesResponse> ListMessages(const v1::ListMessagesRequest& request);
  absl::StatusOr<v1::ListThreadsResponse> ListThreads(const v1::ListThreadsRequest& request);
  absl::StatusOr<v1::DeleteMessagesResponse> DeleteMessages(const v1::DeleteMessagesRequest& request);
  absl::StatusOr<v1::ListChangesResponse> ListChanges(const v1::ListChangesRequest& request);
  absl::StatusOr<v1::PrepareUploadResponse> PrepareUpload(const v1::PrepareUploadRequest& request);
  absl::StatusOr<v1::CreateReferenceResponse> CreateReference(const v1::CreateReferenceRequest& request);
  absl::StatusOr<v1::PrepareDownloadResponse> PrepareDownload(const v1::PrepareDownloadRequest& request);
  // As a member.
  absl::StatusOr<v1::SendEnrollmentMessageResponse> SendEnrollmentMessage(
      const v1::SendEnrollmentMessageRequest& request);
  // A stream that the server sends, as one attempt: it has one attempt's deadline, unless it sets its own, and a
  // repetition may go on where the last one ended.
  using Attempt = absl::FunctionRef<grpc::Status(Stubs& stubs, grpc::ClientContext& context)>;
  absl::Status Stream(Attempt attempt);

  // For streams that outlive a call.
  Session& session() { return session_; }

 private:
  Connection& connection_;
  Session session_;
};

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_API_H_
