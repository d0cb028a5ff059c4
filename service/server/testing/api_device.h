// A device that speaks the public API with real keys and signatures, and can be made to cheat. testonly.
#ifndef LABYRINTH_SERVICE_SERVER_TESTING_API_DEVICE_H_
#define LABYRINTH_SERVICE_SERVER_TESTING_API_DEVICE_H_

#include <grpcpp/grpcpp.h>

#include <functional>
#include <memory>
#include <string>

#include "common/ids.h"
#include "common/random.h"
#include "crypto/statements/log_entry.h"
#include "crypto/statements/log_testing.h"
#include "crypto/statements/session_statement.h"
#include "proto/labyrinth/v1/mailbox.grpc.pb.h"

namespace labyrinth::service::testing {

// Puts credentials into a call; an empty one is left out.
void Authorize(grpc::ClientContext& context, const std::string& account_token, const std::string& session = "");

// Where an account's membership log stands, and which epoch is current.
struct LogPosition {
  uint64_t next_index = 0;
  crypto::LogHead head;
  EpochId epoch_id;
  uint32_t sequence_id = 0;
};

// A device of an account's mailbox: its first by CreateMailbox(), or a further one of either kind, which a test
// registers and then tells its ids. Thread-compatible.
class ApiDevice {
 public:
  ApiDevice(std::shared_ptr<grpc::Channel> channel, std::string server_name, std::string account, std::string token,
            RandomSource& random, crypto::SubjectKind kind = crypto::SubjectKind::kPhysical);

  v1::CreateMailboxRequest CreateRequest() const;
  // The test fails unless the mailbox is created.
  void CreateMailbox();

  std::string NewChallenge() const;
  // The proof for a challenge; `spoil` may change what is signed.
  v1::CreateSessionRequest Prove(const std::string& challenge,
                                 const std::function<void(crypto::SessionStatement&)>& spoil = {}) const;
  grpc::Status CreateSession(const v1::CreateSessionRequest& request, v1::CreateSessionResponse& response) const;
  // The session header's text. The test fails unless the sign-in succeeds.
  std::string SignIn() const;

  const crypto::DevicePublicKeys& keys() const { return device_.keys; }
  // The log by GetMailbox. The test fails unless the session is good.
  LogPosition Log(const std::string& session) const;
  // This device's entry at that place of the log, completed by `fill`.
  v1::LogEntry Sign(crypto::LogEntryKind kind, const LogPosition& at,
                    const std::function<void(crypto::LogEntry&)>& fill = {}) const;
  // This device's word for another.
  v1::LogEntry SignAdd(const crypto::DevicePublicKeys& subject, const LogPosition& at) const;
  // Its epochDeviceMac, which the server can't check.
  crypto::MacTag MacAt(uint32_t sequence_id) const;

  MailboxId mailbox_id;
  DeviceId device_id;
  EpochId epoch_id;
  std::string token;

 private:
  const std::string server_name_;
  const std::string account_;
  RandomSource& random_;
  const std::unique_ptr<v1::MailboxService::Stub> stub_;
  const crypto::TestDevice device_;
};

void ToProto(const crypto::DevicePublicKeys& keys, v1::DeviceKeys& out);

}  // namespace labyrinth::service::testing

#endif  // LABYRINTH_SERVICE_SERVER_TESTING_API_DEVICE_H_
