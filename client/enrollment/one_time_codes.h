// One-time codes (protocol section 4): a device next to you.
//
//   class Screen final : public client::JoinPrompts { ... };
//   Screen screen;
//   auto joined = new_device->one_time_codes().Join(screen);        // on the new device, no device of the mailbox yet
//
//   auto approved = laptop->one_time_codes().Approve(other_screen);  // on a member, at the same time
#ifndef LABYRINTH_CLIENT_ENROLLMENT_ONE_TIME_CODES_H_
#define LABYRINTH_CLIENT_ENROLLMENT_ONE_TIME_CODES_H_

#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "client/core.h"
#include "client/device_directory.h"
#include "client/enrollment/prompts.h"
#include "common/ids.h"

namespace labyrinth::client {

struct OneTimeJoinReport {
  DeviceId device_id;               // this device's
  DeviceId sponsor;                 // of the member that showed the code
  std::vector<DeviceView> members;  // by the log, after joining: to be shown to the user
};

struct ApproveReport {
  JoinRequest request;
  // The new member, as the membership log has it; nullopt: the person said no.
  std::optional<DeviceView> device;
};

// Both calls take as long as the people do, within the times of the protocol: five minutes for a member to be found,
// and five from its consent. Whoever stands between the devices, the server above all, has three guesses at six digits
// on either side, and every one shows as a wrong code. Guesses and consents are counted in the keychain before anything
// that they allow is sent, so that neither a crash nor a lying server gives any back.
//
// Calls end in a clear state wherever they are cut off: a further Join first finds out what became of a registration
// whose answer was lost, and otherwise begins anew; a further Approve takes back the consent of the one that was cut
// off, whose code died with it.
//
// Errors besides those named: the transport's, after bounded attempts; CANCELLED as soon as GoOn says no, or with a
// prompt's own error; DATA_LOSS naming what the server said that can't be true. Thread-compatible; borrows the core.
class OneTimeCodes {
 public:
  explicit OneTimeCodes(Core& core) : core_(core) {}

  // Makes this profile a device of the account's mailbox, by the word of a member beside it. It is registered by the
  // entry that the member signed; then, before anything else is done as a device, the membership log is read and held
  // against what the member said, and the epochs are chained backward. Unlike a recovery code's device it opens no
  // epoch of its own: the member, not the server, said which epoch is the newest.
  //
  // FAILED_PRECONDITION: this profile is a device already. ENROLLMENT_CLOSED: nobody agreed in time, the code was wrong
  // three times, the other side ended it, or time is over. RATE_LIMITED: this device has tried three codes within five
  // minutes, or the server has enough of this account's requests. MAILBOX_NOT_FOUND.
  absl::StatusOr<OneTimeJoinReport> Join(JoinPrompts& prompts);

  // Waits for a new device's request, asks, and sees it through: to the device's registration, or the person's no.
  // One request a call. Waits for ever if none comes: GoOn ends it.
  //
  // FAILED_PRECONDITION: this profile is no device; three wrong codes. ENROLLMENT_CLOSED: the new device gave up, or
  // time is over. RATE_LIMITED: five codes were shown within a day.
  absl::StatusOr<ApproveReport> Approve(ApprovePrompts& prompts);

 private:
  Core& core_;
};

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_ENROLLMENT_ONE_TIME_CODES_H_
