// The new device's half of a one-time code, up to its registration.
#ifndef LABYRINTH_CLIENT_ENROLLMENT_NEW_DEVICE_H_
#define LABYRINTH_CLIENT_ENROLLMENT_NEW_DEVICE_H_

#include "absl/status/status.h"
#include "client/core.h"
#include "client/enrollment/prompts.h"

namespace labyrinth::client {

// Opens an enrolment, tries the typed codes, and registers. On OK the profile is a device, whose log is still to be
// read. On an error it isn't, or the registration is pending in the keychain. Errors of OneTimeCodes::Join.
absl::Status EnrolByCode(Core& core, JoinPrompts& prompts);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_ENROLLMENT_NEW_DEVICE_H_
