// The meeting place of a new device and a member, for one-time codes (protocol section 4).
#ifndef LABYRINTH_SERVICE_ENROLLMENT_RELAY_H_
#define LABYRINTH_SERVICE_ENROLLMENT_RELAY_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "common/clock.h"
#include "common/random.h"
#include "service/enrollment/enrollment.h"

namespace labyrinth::enrollment {

struct Opened {
  EnrollmentId id;
  int64_t expire_ms = 0;
};

// How far a member's stream has come: per enrolment the last sequence that it was told, and whether the end was.
struct MemberCursor {
  struct Seen {
    uint32_t sequence = 0;
    bool ended = false;
  };
  absl::flat_hash_map<EnrollmentId, Seen> seen;
};

struct MemberEvent {
  EnrollmentId id;
  Event event;
};

// What there is for a new device. `member`: whose word it is, to be found a member still before the event goes out.
struct NewDeviceView {
  std::optional<mailbox::Caller> member;
  std::optional<Event> event;
};

// What RegisterDevice needs of an enrolment.
struct Grant {
  mailbox::Caller member;
  crypto::OrfServerState temporary;
};

// All enrolments of one node, in its memory alone: a restart ends them, and the devices start again. Everything is
// bounded: enrolments (closed ones count until the time is over that one can last at most), messages, bytes. The relay
// knows nothing of membership: its callers read the member's record before they let a message in or out.
//
// Time is the greatest that the clock has shown: stepping it back prolongs nothing. Thread-safe; `on_change` is called
// without a lock, on the caller's thread, with the partition in which something happened, and whether membership is
// what changed.
class Relay {
 public:
  using OnChange = std::function<void(const std::string& partition, bool membership)>;

  // Both outlive the relay.
  Relay(const Clock& clock, RandomSource& random, OnChange on_change)
      : clock_(clock), random_(random), on_change_(std::move(on_change)) {}

  // RATE_LIMITED (enrollments_per_account, enrollments). `keys` were verified by the caller.
  absl::StatusOr<Opened> Open(const std::string& partition, const crypto::DevicePublicKeys& keys, const Nonce& nonce,
                              std::string sealed_label) ABSL_LOCKS_EXCLUDED(mutex_);

  // Whose consent an enrolment has; nullopt: nobody's yet. ENROLLMENT_CLOSED.
  absl::StatusOr<std::optional<mailbox::Caller>> MemberOf(const std::string& partition, const EnrollmentId& id)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // A message of `member`, or of the new device. Errors of Enrollment::Accept; RATE_LIMITED (enrollment_bytes).
  absl::StatusOr<Progress> Send(const std::string& partition, const EnrollmentId& id,
                                const std::optional<mailbox::Caller>& member, Message message)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // The next event for a member, which `cursor` then counts as told; nullopt if there is none now.
  std::optional<MemberEvent> NextForMember(const mailbox::Caller& member, MemberCursor& cursor)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // The next event above `after` for the new device; nullopt once a device is registered. ENROLLMENT_CLOSED.
  absl::StatusOr<std::optional<NewDeviceView>> NextForNewDevice(const std::string& partition, const EnrollmentId& id,
                                                                uint32_t after) ABSL_LOCKS_EXCLUDED(mutex_);

  // Errors of Enrollment::Temporary. May be asked for several times: the store sees to it that the keys enrol once.
  absl::StatusOr<Grant> GrantOf(const std::string& partition, const EnrollmentId& id,
                                const crypto::DevicePublicKeys& keys) ABSL_LOCKS_EXCLUDED(mutex_);

  // Its device is registered, durably: over.
  void Registered(const std::string& partition, const EnrollmentId& id) ABSL_LOCKS_EXCLUDED(mutex_);
  // A device was removed: what it consented to is over.
  void MemberRemoved(const std::string& partition, DeviceId device_id) ABSL_LOCKS_EXCLUDED(mutex_);
  // The mailbox is gone.
  void MailboxDeleted(const std::string& partition) ABSL_LOCKS_EXCLUDED(mutex_);
  // Ends what has run out of time and forgets what ended long ago. To be called about once a second.
  void Sweep() ABSL_LOCKS_EXCLUDED(mutex_);

  // Of payloads and labels, in all open enrolments.
  std::size_t held_bytes() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  using Account = std::list<std::pair<EnrollmentId, Enrollment>>;  // in the order of opening

  int64_t NowMs() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Enrollment* Find(const std::string& partition, const EnrollmentId& id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Find, or ENROLLMENT_CLOSED unless it is open.
  absl::StatusOr<Enrollment*> FindOpen(const std::string& partition, const EnrollmentId& id)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Close(Enrollment& enrollment, bool registered) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Ends and forgets by the time it is; true if anything ended.
  bool Tidy(Account& account, int64_t now_ms) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // nullopt if this enrolment has nothing new for the member.
  static std::optional<Event> NextOf(const Enrollment& enrollment, const mailbox::Caller& member,
                                     MemberCursor::Seen& seen);

  const Clock& clock_;
  RandomSource& random_;
  const OnChange on_change_;

  mutable absl::Mutex mutex_;
  int64_t latest_ms_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::flat_hash_map<std::string, Account> accounts_ ABSL_GUARDED_BY(mutex_);  // by partition
  std::size_t count_ ABSL_GUARDED_BY(mutex_) = 0;
  std::size_t held_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace labyrinth::enrollment

#endif  // LABYRINTH_SERVICE_ENROLLMENT_RELAY_H_
