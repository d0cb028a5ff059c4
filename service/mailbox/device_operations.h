// Devices come and go.
#ifndef LABYRINTH_SERVICE_MAILBOX_DEVICE_OPERATIONS_H_
#define LABYRINTH_SERVICE_MAILBOX_DEVICE_OPERATIONS_H_

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/ids.h"
#include "common/random.h"
#include "crypto/orf_server/orf_server.h"
#include "crypto/primitives/secret.h"
#include "crypto/statements/log_body.h"
#include "crypto/statements/log_entry.h"
#include "service/mailbox/operation.h"
#include "service/mailbox/rules.h"

namespace labyrinth::mailbox {

// A member's word for a device beside it, by a one-time code. The temporary scalar, evolved from the member's, is never
// written: only its quotient by the new device's token is.
struct MemberGrant {
  Caller member;
  crypto::OrfServerState temporary;
};
// There is no such enrolment (any more): only a repeat of what it enrolled gets an answer.
struct ClosedEnrollment {};
// Who vouches for a new device: a recovery code's virtual device, or a member.
using Sponsor = std::variant<VirtualDeviceId, MemberGrant, ClosedEnrollment>;

// Keys and their signatures have been verified by the handler. The evolve token is used once and never stored: only the
// quotient is (protocol section 1).
struct RegisterDeviceRequest {
  std::string partition;
  RequestKey request;
  Sponsor sponsor;
  crypto::DevicePublicKeys keys;
  crypto::Secret evolve_token;  // 32 bytes
  EpochId epoch_id;
  crypto::MacTag epoch_device_mac;
  crypto::SignedLogEntry log_entry;  // kind 2, signed by the sponsor's device key
  std::string sealed_label;
};

struct RegisterDeviceResponse {
  DeviceId device_id;
  MailboxId mailbox_id;
};

// The account's word alone enrols nobody: the sponsor's signed entry does. Allowed while a rotation is required.
// MAILBOX_NOT_FOUND, VIRTUAL_DEVICE_NOT_FOUND, ENROLLMENT_CLOSED (also once the member was removed), EPOCH_STALE,
// LOG_STALE, LIMIT_EXCEEDED, INVALID_FIELD, REQUEST_ID_REUSED.
class RegisterDeviceOperation final : public OperationWithResult<RegisterDeviceResponse> {
 public:
  RegisterDeviceOperation(const Policy& policy, RegisterDeviceRequest request, RandomSource& random, Done done);
  void Need(const BatchState& state, std::vector<std::string>& keys) const override;
  absl::Status Decide(Transaction& txn) override;

 private:
  absl::StatusOr<DeviceId> FindSponsor(const Transaction& txn) const;
  // The new device's ORF scalar.
  absl::StatusOr<crypto::OrfServerState> NewScalar(const Transaction& txn, DeviceId sponsor) const;

  const Policy& policy_;
  const RegisterDeviceRequest request_;
  const DeviceId device_id_;
};

struct CreateVirtualDeviceRequest {
  Caller caller;
  RequestKey request;
  VirtualDeviceId virtual_device_id;
  crypto::DevicePublicKeys keys;
  crypto::SealedVirtualDevice secrets;
  crypto::Secret evolve_token;  // 32 bytes; relative to the caller's ORF state
  EpochId epoch_id;
  crypto::MacTag epoch_device_mac;
  crypto::SignedLogEntry log_entry;  // kind 3
};

// Errors as RegisterDevice, and DEVICE_REVOKED.
class CreateVirtualDeviceOperation final : public OperationWithResult<DeviceId> {
 public:
  CreateVirtualDeviceOperation(const Policy& policy, CreateVirtualDeviceRequest request, RandomSource& random,
                               Done done);
  void Need(const BatchState& state, std::vector<std::string>& keys) const override;
  absl::Status Decide(Transaction& txn) override;

 private:
  const Policy& policy_;
  const CreateVirtualDeviceRequest request_;
  const DeviceId device_id_;
};

struct RevokeDeviceRequest {
  std::string partition;
  RequestKey request;
  DeviceId device_id;
  // Both or neither: a member acts with a signed entry (kind 4), the account holder with a fresh sign-in, which the
  // handler has checked.
  std::optional<Caller> caller;
  std::optional<crypto::SignedLogEntry> log_entry;
};

// Cuts the device off with this commit, and refuses saves until a member rotates. A device that is revoked already: OK,
// unchanged. DEVICE_NOT_FOUND, DEVICE_REVOKED (the caller), MAILBOX_NOT_FOUND, LOG_STALE, INVALID_FIELD,
// REQUEST_ID_REUSED. The result is the revision.
class RevokeDeviceOperation final : public OperationWithResult<uint64_t> {
 public:
  RevokeDeviceOperation(const Policy& policy, RevokeDeviceRequest request, Done done)
      : OperationWithResult(std::move(done)), policy_(policy), request_(std::move(request)) {}
  void Need(const BatchState& state, std::vector<std::string>& keys) const override;
  absl::Status Decide(Transaction& txn) override;
  bool urgent() const override { return true; }

 private:
  const Policy& policy_;
  const RevokeDeviceRequest request_;
};

}  // namespace labyrinth::mailbox

#endif  // LABYRINTH_SERVICE_MAILBOX_DEVICE_OPERATIONS_H_
