// The clients' side of one mailbox: devices that sign real log entries, and a builder for each request. MACs, entropies
// and sealed secrets are arbitrary bytes, since the server can't check them.
#ifndef LABYRINTH_SERVICE_MAILBOX_TESTING_TEST_MAILBOX_H_
#define LABYRINTH_SERVICE_MAILBOX_TESTING_TEST_MAILBOX_H_

#include <catch2/catch.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/primitives/ristretto.h"
#include "crypto/primitives/x25519.h"
#include "crypto/statements/device_keys.h"
#include "crypto/statements/log_entry.h"
#include "service/mailbox/testing/test_server.h"

namespace labyrinth::mailbox::testing {

struct TestDevice {
  crypto::KeyPair device_key;
  crypto::DevicePublicKeys keys;
  DeviceId id;                        // invalid until the server has given it one
  VirtualDeviceId virtual_device_id;  // zeros unless virtual
  crypto::Scalar orf_client_scalar;   // k of protocol section 1
};

TestDevice MakeDevice(crypto::SubjectKind kind, RandomSource& random);
inline TestDevice MakePhysical(RandomSource& random) { return MakeDevice(crypto::SubjectKind::kPhysical, random); }
inline TestDevice MakeVirtual(RandomSource& random) { return MakeDevice(crypto::SubjectKind::kVirtual, random); }

SaveMessage MakeMessage(std::string_view id, std::string_view thread, int64_t timestamp_ms,
                        std::string_view ciphertext = "ciphertext", int64_t expire_ms = 0);

// The builders' requests would be accepted as things stand: a test spoils what it is about and, where an entry covers
// that, signs anew. `server` outlives the mailbox.
class TestMailbox {
 public:
  explicit TestMailbox(TestServer& server, std::string account_id = "account-1");

  const std::string& partition() const { return partition_; }
  TestDevice& first() { return first_; }
  // A session of the device, signed in now.
  Caller CallerOf(const TestDevice& device) const;

  // As the server has them.
  storage_v1::MailboxHead Head() const;
  storage_v1::Roster Roster() const;
  EpochId CurrentEpoch() const { return EpochId(Head().current_epoch_id()); }
  crypto::DevicePublicKeys KeysOfDevice(DeviceId id) const;

  RequestKey NewRequest() const;
  static crypto::MacTag MacOf(const crypto::DevicePublicKeys& keys, uint32_t sequence_id);

  // The next entry of the log as the server has it.
  crypto::LogEntry NextEntry(crypto::LogEntryKind kind, const TestDevice& actor) const;
  crypto::SignedLogEntry Sign(const crypto::LogEntry& entry, const TestDevice& signer) const;
  crypto::LogEntry RemoveEntry(DeviceId subject, const TestDevice& actor) const;

  CreateMailboxRequest CreateRequest(const TestDevice& first) const;
  DeleteMailboxRequest DeleteRequest(const TestDevice& actor) const;
  // These two evolve the sponsor's ORF state: `added` gets the new client scalar, the request the token.
  CreateVirtualDeviceRequest VirtualDeviceRequest(const TestDevice& creator, TestDevice& added) const;
  RegisterDeviceRequest RegisterRequest(const TestDevice& sponsor, TestDevice& added) const;
  // With a one-time code: the member evolves a temporary ORF state first (its client half goes through `added`).
  RegisterDeviceRequest RegisterByMember(const TestDevice& member, TestDevice& added) const;
  RevokeDeviceRequest RevokeRequest(const TestDevice& actor, DeviceId subject) const;
  // By the account holder alone, or an operator: no entry.
  RevokeDeviceRequest CutOffRequest(DeviceId subject) const;
  OpenEpochRequest OpenRequest(const TestDevice& opener, std::vector<DeviceId> revoked = {}) const;
  // Makes the log entries fit the request: removes for its revoked devices and for whoever was cut off, then the open.
  void SignOpen(OpenEpochRequest& request, const TestDevice& opener) const;
  SaveRequest Save(const TestDevice& device, std::vector<SaveMessage> messages,
                   OnConflict on_conflict = OnConflict::kReject) const;

  // The same, done; the test fails unless the server agrees.
  void Create();
  TestDevice AddVirtualDevice(const TestDevice& creator);
  TestDevice AddDevice(const TestDevice& sponsor);
  uint64_t Revoke(const TestDevice& actor, DeviceId subject);
  uint64_t CutOff(DeviceId subject);
  OpenEpochResponse Rotate(const TestDevice& opener, std::vector<DeviceId> revoked = {});
  SaveResponse MustSave(const TestDevice& device, std::vector<SaveMessage> messages,
                        OnConflict on_conflict = OnConflict::kReject);

  // Tries the request: the test fails unless it is refused with `reason` and leaves every row as it was. Returns the
  // refusal's details.
  template <typename Request>
  std::map<std::string, std::string> MustRefuse(Request request, Reason reason) {
    const auto before = server_.Rows(partition_);
    const absl::Status status = server_.Do(std::move(request)).status();
    INFO(status.ToString());
    CHECK(ReasonOf(status) == reason);
    CHECK(server_.Rows(partition_) == before);
    return DetailsOf(status);
  }
  // The test fails unless every row of the store agrees with all others.
  void CheckSound() const;

 private:
  crypto::SignedLogEntry SignedAdd(crypto::LogEntryKind kind, const TestDevice& actor, const TestDevice& subject,
                                   const crypto::Sha256Digest& body) const;

  TestServer& server_;
  const std::string account_id_;
  const std::string partition_;
  TestDevice first_;
};

}  // namespace labyrinth::mailbox::testing

#endif  // LABYRINTH_SERVICE_MAILBOX_TESTING_TEST_MAILBOX_H_
