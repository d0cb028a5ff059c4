// Who asks, as far as the mailbox rules care.
#ifndef LABYRINTH_SERVICE_MAILBOX_CALLER_H_
#define LABYRINTH_SERVICE_MAILBOX_CALLER_H_

#include <cstdint>
#include <string>

#include "common/ids.h"

namespace labyrinth::mailbox {

// A device with a session. The session says who it was when it signed in; whether it still is a member is read anew
// with every call.
struct Caller {
  std::string partition;
  uint64_t incarnation = 0;  // of the mailbox at sign-in: a deleted and re-created one is another
  DeviceId device_id;
};

}  // namespace labyrinth::mailbox

#endif  // LABYRINTH_SERVICE_MAILBOX_CALLER_H_
