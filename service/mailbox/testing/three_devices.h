// What many tests begin with. testonly.
#ifndef LABYRINTH_SERVICE_MAILBOX_TESTING_THREE_DEVICES_H_
#define LABYRINTH_SERVICE_MAILBOX_TESTING_THREE_DEVICES_H_

#include <string>

#include "service/mailbox/testing/test_mailbox.h"

namespace labyrinth::mailbox::testing {

// A mailbox of three: `me`, a code and `other`, which joined by it.
struct ThreeDevices {
  ThreeDevices() : mailbox(server), code(MakeVirtual(server.random())), other(MakePhysical(server.random())) {
    mailbox.Create();
    code = mailbox.AddVirtualDevice(me());
    other = mailbox.AddDevice(code);
  }
  TestDevice& me() { return mailbox.first(); }
  Caller Me() { return mailbox.CallerOf(me()); }
  const std::string& partition() { return mailbox.partition(); }

  TestServer server;
  TestMailbox mailbox;
  TestDevice code;
  TestDevice other;
};

}  // namespace labyrinth::mailbox::testing

#endif  // LABYRINTH_SERVICE_MAILBOX_TESTING_THREE_DEVICES_H_
