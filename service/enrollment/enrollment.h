// One one-time code's enrolment: who may say what, in which order, how often (protocol section 4).
#ifndef LABYRINTH_SERVICE_ENROLLMENT_ENROLLMENT_H_
#define LABYRINTH_SERVICE_ENROLLMENT_ENROLLMENT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/bytes.h"
#include "crypto/orf_server/orf_server.h"
#include "crypto/statements/device_keys.h"
#include "service/mailbox/caller.h"

namespace labyrinth::enrollment {

// eid: random, so that knowing it beside the account token is what makes a caller the new device.
using EnrollmentId = FixedBytes<16, struct EnrollmentIdTag>;
using Nonce = FixedBytes<16, struct EnrollmentNonceTag>;

enum class Step {
  kOpen,        // to members: the request itself
  kConsent,     // from a member, which becomes the enrolment's
  kStart,       // from the new device: a run, and with it a guess
  kAnswer,      // from the member
  kConfirm,     // from the new device
  kGrant,       // from the member
  kRefuse,      // from the member: the run failed
  kRenew,       // from the new device: the granted entry went stale
  kCancel,      // from either
  kRegistered,  // to members: it enrolled a device
  kClosed,      // to members: it didn't, or is another's
};

enum class Side { kNewDevice, kMember };

struct Message {
  Step step = Step::kOpen;
  uint32_t run = 0;
  std::string payload;
  // With the first grant alone: the member's ORF scalar, evolved by the grant's token.
  std::optional<crypto::OrfServerState> temporary;
};

struct Progress {
  uint32_t guesses_left = 0;
  int64_t expire_ms = 0;
};

// What one side is told. `keys` and `sealed_label` come with kOpen alone.
struct Event {
  uint32_t sequence = 0;
  Step step = Step::kOpen;
  uint32_t run = 0;
  std::string payload;
  int64_t expire_ms = 0;
  std::optional<crypto::DevicePublicKeys> keys;
  std::string sealed_label;
};

// The rules, and what is held. A closed one keeps nothing but how it ended and whose it was; the temporary ORF scalar
// lives in here alone, never on a disk, and is wiped by Close(). Thread-compatible.
class Enrollment {
 public:
  Enrollment(const crypto::DevicePublicKeys& keys, const Nonce& nonce, std::string sealed_label, int64_t now_ms);

  int64_t opened_ms() const { return opened_ms_; }
  bool closed() const { return phase_ == Phase::kRegistered || phase_ == Phase::kClosed; }
  bool registered() const { return phase_ == Phase::kRegistered; }
  bool Expired(int64_t now_ms) const { return !closed() && now_ms >= expire_ms_; }
  // The member that consented.
  const std::optional<mailbox::Caller>& member() const { return member_; }
  Progress progress() const;
  // Of payloads and label.
  std::size_t held_bytes() const { return held_bytes_; }

  // One message from either side; `member` is the sender if a member is. A repeat of what that side said before is OK
  // and changes nothing. ENROLLMENT_CLOSED (also for another member than the one that consented), INVALID_FIELD (step,
  // run, payload, evolve_token), LIMIT_EXCEEDED (enrollment_messages).
  absl::Status Accept(const std::optional<mailbox::Caller>& member, Message message, int64_t now_ms);

  // The next event above `after` for that side; nullopt if there is none. Members see kOpen alone until one consents.
  std::optional<Event> Next(Side side, uint32_t after) const;
  // The sequence that an event after all others would have.
  uint32_t end_sequence() const { return next_sequence_; }

  // The temporary ORF scalar, once granted and still open. ENROLLMENT_CLOSED; INVALID_FIELD unless `keys` are those
  // that opened it.
  absl::StatusOr<crypto::OrfServerState> Temporary(const crypto::DevicePublicKeys& keys) const;

  // Forgets and wipes everything that was said.
  void Close(bool registered);

 private:
  enum class Phase { kOpen, kConsented, kStarted, kAnswered, kConfirmed, kGranted, kRegistered, kClosed };
  struct Held {
    Side from;
    uint32_t sequence;
    Step step;
    uint32_t run;
    std::string payload;
  };

  bool IsRepeat(Side from, const Message& message) const;
  absl::Status AcceptFromMember(const mailbox::Caller& member, Message& message, int64_t now_ms);
  absl::Status AcceptFromNewDevice(const Message& message);
  absl::Status CheckRun(const Message& message) const;
  absl::Status CheckPhase(bool fits) const;

  crypto::DevicePublicKeys keys_;
  std::string sealed_label_;
  const int64_t opened_ms_;
  int64_t expire_ms_;
  Phase phase_ = Phase::kOpen;
  uint32_t run_ = 0;  // started so far
  std::optional<mailbox::Caller> member_;
  std::optional<crypto::OrfServerState> temporary_;
  std::vector<Held> held_;
  uint32_t next_sequence_ = 1;
  std::size_t held_bytes_ = 0;
};

}  // namespace labyrinth::enrollment

#endif  // LABYRINTH_SERVICE_ENROLLMENT_ENROLLMENT_H_
