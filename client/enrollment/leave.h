// Taking leave of an enrolment, on either side.
#ifndef LABYRINTH_CLIENT_ENROLLMENT_LEAVE_H_
#define LABYRINTH_CLIENT_ENROLLMENT_LEAVE_H_

#include "client/core.h"

namespace labyrinth::client {

// Cancels the enrolment that the keychain names, if it names one, so that the other side needn't wait for its end, and
// forgets it. Where the server can't be reached the keychain goes on naming it, for the next call.
void LeaveEnrollment(Core& core);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_ENROLLMENT_LEAVE_H_
