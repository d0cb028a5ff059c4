// Every message row of the mailbox.
#ifndef LABYRINTH_CLIENT_VERIFY_MESSAGES_H_
#define LABYRINTH_CLIENT_VERIFY_MESSAGES_H_

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "client/core.h"
#include "client/verify.h"

namespace labyrinth::client {

// Walks the whole mailbox, oldest first: each row's authenticity and place, change numbers that a writer used twice,
// and the number of rows against the server's counter. Memory grows by 8 bytes a message. Errors are those of the
// transport.
absl::Status VerifyMessages(Core& core, VerifyReport& report, absl::FunctionRef<void(const VerifyProgress&)> progress);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_VERIFY_MESSAGES_H_
