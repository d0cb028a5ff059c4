// A device of one account that makes the public API's calls with real keys and log entries, and tells how they went. It
// asserts nothing, so that many run at once.
#ifndef LABYRINTH_TESTS_FAULT_MEMBER_H_
#define LABYRINTH_TESTS_FAULT_MEMBER_H_

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/random.h"
#include "crypto/statements/log_testing.h"
#include "proto/labyrinth/v1/device.grpc.pb.h"
#include "proto/labyrinth/v1/epoch.grpc.pb.h"
#include "proto/labyrinth/v1/history.grpc.pb.h"
#include "proto/labyrinth/v1/mailbox.grpc.pb.h"

namespace labyrinth::fault {

// What a mailbox's devices share. Outlives them.
struct Account {
  std::shared_ptr<grpc::Channel> channel;
  std::string name;
  std::string token;
  RandomSource* random = nullptr;
  // A recovery code's virtual device, which vouches for every further one; the first makes it.
  std::string virtual_device_id;
  std::unique_ptr<crypto::TestDevice> virtual_device;
};

// MACs, entropies and secrets are arbitrary bytes, since the server can't check them; each member's MAC is the same in
// every epoch. Errors carry the server's reasons; one without a reason means that nobody knows. Thread-compatible.
class Member {
 public:
  explicit Member(Account& account);

  // The mailbox with this as its first device, and the account's virtual device.
  absl::Status CreateMailbox();
  // A further device.
  absl::Status Register();
  absl::Status SignIn();

  absl::StatusOr<v1::GetMailboxResponse> GetMailbox();
  absl::StatusOr<v1::SaveMessagesResponse> Save(const v1::SaveMessagesRequest& request);
  absl::StatusOr<v1::DeleteMessagesResponse> Delete(const v1::DeleteMessagesRequest& request);
  absl::StatusOr<v1::ListMessagesResponse> List(const v1::ListMessagesRequest& request);
  absl::StatusOr<v1::BatchGetMessagesResponse> Get(const v1::BatchGetMessagesRequest& request);
  absl::StatusOr<v1::ListEpochsResponse> ListEpochs(const v1::ListEpochsRequest& request);
  // Active physical devices.
  absl::StatusOr<std::vector<v1::Device>> ListDevices();

  // Requests that would be accepted as things stand.
  absl::StatusOr<v1::OpenEpochRequest> NextEpoch(const std::vector<uint64_t>& removed);
  absl::StatusOr<v1::OpenEpochResponse> OpenEpoch(const v1::OpenEpochRequest& request);
  absl::StatusOr<v1::RevokeDeviceRequest> Revocation(uint64_t device_id);
  absl::StatusOr<v1::RevokeDeviceResponse> Revoke(const v1::RevokeDeviceRequest& request);

  uint64_t device_id() const { return device_id_; }

 private:
  struct LogAt;
  crypto::LogEntry NextEntry(const LogAt& at, crypto::LogEntryKind kind) const;
  v1::LogEntry Sign(const crypto::LogEntry& entry, const crypto::TestDevice& signer) const;
  absl::StatusOr<LogAt> Log();
  absl::Status SignInAs(const crypto::TestDevice& device, crypto::SubjectKind kind);
  absl::Status CreateVirtualDevice(uint64_t epoch_id);
  template <typename Response, typename Call>
  absl::StatusOr<Response> Ask(const std::string& token, Call call) const;
  absl::StatusOr<std::vector<v1::Device>> AllDevices();

  Account& account_;
  const crypto::TestDevice device_;
  const std::unique_ptr<v1::MailboxService::Stub> mailboxes_;
  const std::unique_ptr<v1::DeviceService::Stub> devices_;
  const std::unique_ptr<v1::EpochService::Stub> epochs_;
  const std::unique_ptr<v1::HistoryService::Stub> history_;
  std::string mailbox_id_;
  uint64_t device_id_ = 0;
  std::string session_;
};

}  // namespace labyrinth::fault

#endif  // LABYRINTH_TESTS_FAULT_MEMBER_H_
