// One run of a one-time code on each side (protocol section 4): bytes of the relay in, bytes for the relay out.
//
//   OneTimeOldDevice                        OneTimeNewDevice
//                     <-- START --          StartPayload
//   Answer            -- ANSWER -->         Confirm
//   CheckConfirm      <-- CONFIRM --
//   Grant             -- GRANT -->          OpenGrant
//
// A run is one guess of the code, on either side, from the moment that the side's first payload may have left: its
// caller counts it durably before it sends START or ANSWER, makes a new object for the next attempt, and never starts
// the same attempt again. Whatever fails ends the run, and its keys with it.
//
// Errors of both classes, each with a text that names what is wrong:
//   INVALID_ARGUMENT     bytes or inputs of another form; a share that is the identity or not canonical
//   PERMISSION_DENIED    a MAC that isn't the other side's: another code, another view of the run, or somebody between
//   DATA_LOSS            (DATA_DAMAGED) the other side holds the code, and what it sent doesn't hold together
//   FAILED_PRECONDITION  out of order, or the run is over
#ifndef LABYRINTH_CRYPTO_LABYRINTH_ONE_TIME_RUN_H_
#define LABYRINTH_CRYPTO_LABYRINTH_ONE_TIME_RUN_H_

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/random.h"
#include "crypto/labyrinth/cpace.h"
#include "crypto/labyrinth/one_time_code.h"
#include "crypto/labyrinth/one_time_keys.h"
#include "crypto/labyrinth/one_time_messages.h"
#include "crypto/primitives/hash.h"
#include "crypto/primitives/ristretto.h"
#include "crypto/statements/device_keys.h"

namespace labyrinth::crypto {

// The device that joins (N, CPace's initiator). Move-only; thread-compatible.
class OneTimeNewDevice {
 public:
  // `keys` are its own, as it opened the enrolment with. Draws the run's scalar. INVALID_ARGUMENT.
  static absl::StatusOr<OneTimeNewDevice> Create(const OneTimeCode& code, const OneTimeRunInputs& inputs,
                                                 const DevicePublicKeys& keys, RandomSource& random);

  // START: Ya.
  std::string StartPayload() const { return share_.str(); }

  // ANSWER in, CONFIRM out: mac("N" || T, cN).
  absl::StatusOr<std::string> Confirm(std::string_view answer);

  // GRANT: checks mac("O" || T, cO), decrypts the bundle and checks its Add entry: the old device's signature, this
  // device's keys and signatures, the two names, the epoch, and a place after the log head that the old device
  // answered with. Again for each further GRANT of the run, after an entry or an epoch went stale.
  //
  // Left to the caller, who reads the log: that it has old_device()'s head at that index, that the old device is a
  // member, and that the epoch is the log's.
  absl::StatusOr<OneTimeBundle> OpenGrant(std::string_view grant);

  // What the old device answered; true only once OpenGrant has succeeded. Not before Confirm.
  const OldDeviceData& old_device() const { return answer_->old_device; }

 private:
  OneTimeNewDevice(const OneTimeRunInputs& inputs, const DevicePublicKeys& keys, std::string data, CpaceRun cpace)
      : inputs_(inputs), keys_(keys), data_(std::move(data)), share_(cpace.share()), cpace_(std::move(cpace)) {}
  absl::StatusOr<OneTimeBundle> OpenWith(const OneTimeKeys& keys, std::string_view grant) const;

  OneTimeRunInputs inputs_;
  DevicePublicKeys keys_;
  std::string data_;                     // ADa
  Point share_;                          // Ya
  std::optional<CpaceRun> cpace_;        // until Confirm
  std::optional<OneTimeAnswer> answer_;  // from Confirm on
  Sha512Digest transcript_;              // T, from Confirm on
  std::optional<OneTimeKeys> run_keys_;  // from Confirm to the end of the run
};

// The member that shows the code (O, CPace's responder). Move-only; thread-compatible.
class OneTimeOldDevice {
 public:
  // `new_device` is what the server handed out with OPEN, whose signatures are checked here; `self` its own view. Draws
  // the run's scalar. INVALID_ARGUMENT, also for keys that don't verify.
  static absl::StatusOr<OneTimeOldDevice> Create(const OneTimeCode& code, const OneTimeRunInputs& inputs,
                                                 const DevicePublicKeys& new_device, const OldDeviceData& self,
                                                 RandomSource& random);

  // START in, ANSWER out: Yb and ADb.
  absl::StatusOr<std::string> Answer(std::string_view start);

  // CONFIRM. PERMISSION_DENIED is a wrong guess of the code; the third kills it.
  absl::Status CheckConfirm(std::string_view confirm);

  // GRANT: mac("O" || T, cO) and encrypt(otc_secret, "labyrinth_otc_bundle" || T, bundle), padded. After CheckConfirm,
  // and again with a fresh Add entry and epoch where one went stale, the temporary ORF state staying the same.
  // INVALID_ARGUMENT for a bundle that OpenGrant would refuse, which doesn't end the run.
  absl::StatusOr<std::string> Grant(const OneTimeBundle& bundle, RandomSource& random) const;

 private:
  OneTimeOldDevice(const OneTimeRunInputs& inputs, const DevicePublicKeys& new_device, std::string new_device_data,
                   const OldDeviceData& self, CpaceRun cpace)
      : inputs_(inputs),
        new_device_(new_device),
        new_device_data_(std::move(new_device_data)),
        self_(self),
        cpace_(std::move(cpace)) {}

  OneTimeRunInputs inputs_;
  DevicePublicKeys new_device_;
  std::string new_device_data_;  // ADa
  OldDeviceData self_;
  std::optional<CpaceRun> cpace_;        // until Answer
  Sha512Digest transcript_;              // T, from Answer on
  std::optional<OneTimeKeys> run_keys_;  // from Answer to the end of the run
  bool confirmed_ = false;
};

}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_LABYRINTH_ONE_TIME_RUN_H_
