// The library's front door: one device of one account.
//
//   labyrinth::client::ClientOptions options;
//   options.endpoint = "127.0.0.1:7420";
//   options.server_name = "labyrinth.example";
//   options.account_id = "alice";
//   options.tokens = TokenFromFile("/run/alice.jwt");
//   auto client = LabyrinthClient::Open(profile_dir, options);            // StatusOr
//   if (!(*client)->HasDevice()) (*client)->mailbox().Create();
//   (*client)->history().Save({{.thread_id = "t", .message_id = "m1", .timestamp_ms = now, .content = "hello"}});
//   auto walk = (*client)->history().ListMessages({.thread_id = "t"});
//   while (!walk.done()) for (const HistoryMessage& m : *walk.NextPage()) if (m.verified())
//   Show(m.verified()->content);
#ifndef LABYRINTH_CLIENT_CLIENT_H_
#define LABYRINTH_CLIENT_CLIENT_H_

#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/attachments/attachments.h"
#include "client/core.h"
#include "client/devices.h"
#include "client/enrollment/one_time_codes.h"
#include "client/history.h"
#include "client/mailbox.h"
#include "client/options.h"
#include "client/recovery.h"
#include "client/restore.h"
#include "client/verify.h"

namespace labyrinth::client {

// One device's view of one mailbox: its keychain (a directory that it locks), its connection, and what it has verified.
//
// Everything that the server says is checked before it is believed: the membership log against the highest position
// ever seen, device keys against the log, epochs against both, rows against the envelopes that their writers sealed. A
// check that fails is DATA_LOSS with a text that names it; nothing on disk is ever wiped because of what a server said.
// Operations that were interrupted (by a crash, or an unknown outcome) are finished by the next call.
//
// Thread-compatible: one call at a time. Errors of any call besides its own: those of the transport (UNAVAILABLE after
// bounded retries, UNAUTHENTICATED), DEVICE_REVOKED, and failures to write the keychain.
class LabyrinthClient {
 public:
  // Opens or makes the profile directory (0700) and locks it. Doesn't touch the network. FAILED_PRECONDITION for a
  // profile that is in use, readable by others, damaged, newer than this library, or of another account or server;
  // INVALID_ARGUMENT for options that contradict themselves.
  static absl::StatusOr<std::unique_ptr<LabyrinthClient>> Open(const std::string& profile_dir, ClientOptions options);
  ~LabyrinthClient();

  // Whether this profile is a device of a mailbox. If not: mailbox().Create(), recovery().Join() or
  // one_time_codes().Join().
  bool HasDevice() const;

  Mailbox& mailbox();
  Devices& devices();
  Recovery& recovery();
  OneTimeCodes& one_time_codes();
  History& history();
  Attachments& attachments();

  // For the library's own parts that stand beside it (client/sync).
  Core& core();
  const std::string& profile_dir() const;

  // The server's store came back from a backup, says so, and calls fail with STORE_RESTORED: goes on from there. The
  // report is to be shown to the user. See restore.h.
  absl::StatusOr<RestoreReport> AcceptRestore();

  // Walks everything and cross-examines it: see verify.h. A finding is part of the report, not an error.
  absl::StatusOr<VerifyReport> Verify(absl::FunctionRef<void(const VerifyProgress&)> progress);
  absl::StatusOr<VerifyReport> Verify();

 private:
  struct Parts;
  explicit LabyrinthClient(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_CLIENT_H_
