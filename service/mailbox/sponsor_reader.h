// What is read of a member that vouches for a device beside it (protocol section 4, one-time codes).
#ifndef LABYRINTH_SERVICE_MAILBOX_SPONSOR_READER_H_
#define LABYRINTH_SERVICE_MAILBOX_SPONSOR_READER_H_

#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "crypto/orf_server/orf_server.h"
#include "crypto/primitives/secret.h"
#include "service/mailbox/caller.h"
#include "storage/engine.h"

namespace labyrinth::mailbox {

// Thread-safe. Every method calls back once.
class SponsorReader {
 public:
  using Checked = absl::AnyInvocable<void(absl::Status) &&>;
  using Derived = absl::AnyInvocable<void(absl::StatusOr<crypto::OrfServerState>) &&>;

  explicit SponsorReader(storage::Engine& engine) : engine_(engine) {}

  // MAILBOX_NOT_FOUND unless there is a mailbox.
  void CheckMailbox(const std::string& partition, absl::Time deadline, Checked done) const;

  // That the physical device is a member at this moment. Errors of MemberRead.
  void CheckMember(const Caller& member, absl::Time deadline, Checked done) const;

  // The same, and the member's ORF scalar evolved by `token`: s / t (protocol section 1). Nothing is written. Errors of
  // MemberRead, and INVALID_FIELD (evolve_token).
  void DeriveTemporary(const Caller& member, crypto::Secret token, absl::Time deadline, Derived done) const;

 private:
  storage::Engine& engine_;
};

}  // namespace labyrinth::mailbox

#endif  // LABYRINTH_SERVICE_MAILBOX_SPONSOR_READER_H_
