// The life of a mailbox as a whole: created, entered, closed.
#ifndef LABYRINTH_SERVICE_MAILBOX_MAILBOX_OPERATIONS_H_
#define LABYRINTH_SERVICE_MAILBOX_MAILBOX_OPERATIONS_H_

#include <string>
#include <variant>
#include <vector>

#include "common/ids.h"
#include "common/random.h"
#include "crypto/orf_server/orf_server.h"
#include "crypto/statements/log_entry.h"
#include "service/mailbox/operation.h"
#include "service/mailbox/rules.h"

namespace labyrinth::mailbox {

// `keys` and their signatures have been verified by the handler (crypto::VerifyDeviceSignatures).
struct CreateMailboxRequest {
  std::string partition;  // policy.partition_of(the token's account)
  RequestKey request;
  crypto::DevicePublicKeys keys;
  crypto::MacTag epoch_device_mac;
  std::string commitment;
  crypto::SignedLogEntry log_entry;
  std::string sealed_label;
};

struct CreateMailboxResponse {
  MailboxId mailbox_id;
  DeviceId device_id;
  EpochId epoch_id;
};

// First device, first epoch, log entry and mailbox appear together or not at all; the first device's ORF server scalar
// is drawn here. MAILBOX_EXISTS, REQUEST_ID_REUSED, INVALID_FIELD, LOG_STALE.
class CreateMailboxOperation final : public OperationWithResult<CreateMailboxResponse> {
 public:
  CreateMailboxOperation(const Policy& policy, CreateMailboxRequest request, RandomSource& random, Done done);
  void Need(const BatchState& state, std::vector<std::string>& keys) const override;
  absl::Status Decide(Transaction& txn) override;

 private:
  const Policy& policy_;
  const CreateMailboxRequest request_;
  // Drawn once, so that deciding again decides the same.
  const CreateMailboxResponse ids_;
  const crypto::OrfServerState orf_server_state_;
};

struct DeleteMailboxRequest {
  Caller caller;
  crypto::SignedLogEntry log_entry;  // kind 6
};

// Every record goes; the account may create another mailbox, which is another incarnation. Repeating it on the deleted
// mailbox is OK. DEVICE_REVOKED, MAILBOX_NOT_FOUND, LOG_STALE, INVALID_FIELD.
class DeleteMailboxOperation final : public OperationWithResult<std::monostate> {
 public:
  DeleteMailboxOperation(const Policy& policy, DeleteMailboxRequest request, Done done)
      : OperationWithResult(std::move(done)), policy_(policy), request_(std::move(request)) {}
  void Need(const BatchState& state, std::vector<std::string>& keys) const override;
  absl::Status Decide(Transaction& txn) override;

 private:
  const Policy& policy_;
  const DeleteMailboxRequest request_;
};

// Notes the day on which a device signed in; a day is all that is kept. DEVICE_REVOKED, MAILBOX_NOT_FOUND.
class NoteSignInOperation final : public OperationWithResult<std::monostate> {
 public:
  NoteSignInOperation(Caller caller, Done done) : OperationWithResult(std::move(done)), caller_(std::move(caller)) {}
  void Need(const BatchState& state, std::vector<std::string>& keys) const override;
  absl::Status Decide(Transaction& txn) override;

  static int64_t DayOf(int64_t ms) { return ms - ms % (int64_t{24} * 3600 * 1000); }

 private:
  const Caller caller_;
};

}  // namespace labyrinth::mailbox

#endif  // LABYRINTH_SERVICE_MAILBOX_MAILBOX_OPERATIONS_H_
