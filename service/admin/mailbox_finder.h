// Which partition an operator means.
#ifndef LABYRINTH_SERVICE_ADMIN_MAILBOX_FINDER_H_
#define LABYRINTH_SERVICE_ADMIN_MAILBOX_FINDER_H_

#include <functional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/ids.h"
#include "proto/labyrinth/v1/admin.pb.h"
#include "service/auth/server_keys.h"
#include "service/log/pseudonym.h"
#include "storage/engine.h"

namespace labyrinth::service {

// Mailboxes' partitions have names of this size and all others have not.
inline constexpr std::size_t kMailboxPartitionBytes = 32;

// Thread-safe; blocks. All outlive it.
class MailboxFinder {
 public:
  MailboxFinder(storage::Engine& engine, const ServerKeys& keys, const Pseudonyms& pseudonyms)
      : engine_(engine), keys_(keys), pseudonyms_(pseudonyms) {}

  // The partition. An account's is its MAC, whether a mailbox is there or not; the others are looked for among all.
  // MAILBOX_NOT_FOUND; INVALID_FIELD for what is none, or a pseudonym that two mailboxes have.
  absl::StatusOr<std::string> Find(const v1::MailboxRef& ref) const;

 private:
  absl::StatusOr<std::string> FindById(const MailboxId& id) const;
  absl::StatusOr<std::string> FindByPseudonym(const std::string& text) const;
  // Calls `visit` for each mailbox until it answers false.
  absl::Status ForEachMailbox(const std::function<absl::StatusOr<bool>(const std::string& partition)>& visit) const;

  storage::Engine& engine_;
  const ServerKeys& keys_;
  const Pseudonyms& pseudonyms_;
};

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_ADMIN_MAILBOX_FINDER_H_
