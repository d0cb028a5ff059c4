// All that a mailbox's devices can see of it, as text without ids: two mailboxes with the same life have the same text.
#ifndef LABYRINTH_TESTS_FAULT_MAILBOX_TEXT_H_
#define LABYRINTH_TESTS_FAULT_MAILBOX_TEXT_H_

#include <cstdint>
#include <map>
#include <string>

#include "service/server/testing/api_call.h"

namespace labyrinth::fault {

// Devices and epochs by the order in which they were first named. Thread-compatible.
class Names {
 public:
  std::string Of(uint64_t id);

 private:
  std::map<uint64_t, std::string> names_;
};

// State, counters, revision, log, devices, epochs, messages, and the whole feed; or the reason if there is no mailbox.
// The revision counts commits, so one too many shows. `caller` has a session. Waits for what is under way.
std::string TextOf(const service::testing::ApiCaller& caller, Names& names);

}  // namespace labyrinth::fault

#endif  // LABYRINTH_TESTS_FAULT_MAILBOX_TEXT_H_
