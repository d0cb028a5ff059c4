// What a mailbox may hold, as its operator sets it.
#ifndef LABYRINTH_SERVICE_MAILBOX_SET_QUOTA_H_
#define LABYRINTH_SERVICE_MAILBOX_SET_QUOTA_H_

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "service/mailbox/operation.h"

namespace labyrinth::mailbox {

// nullopt: as it is; 0: the configured default.
struct Quota {
  std::optional<uint64_t> bytes;
  std::optional<uint64_t> messages;
};

// What is stored already stays, also above the new bounds. The result is the head as it then is. MAILBOX_NOT_FOUND;
// DATA_DAMAGED.
class SetQuotaOperation final : public OperationWithResult<storage_v1::MailboxHead> {
 public:
  SetQuotaOperation(Quota quota, Done done) : OperationWithResult(std::move(done)), quota_(quota) {}

  void Need(const BatchState&, std::vector<std::string>&) const override {}
  absl::Status Decide(Transaction& txn) override {
    if (!txn.has_mailbox()) return errors::MailboxNotFound();
    storage_v1::MailboxHead wanted = txn.head();
    wanted.set_quota_bytes(quota_.bytes.value_or(wanted.quota_bytes()));
    wanted.set_quota_messages(quota_.messages.value_or(wanted.quota_messages()));
    const bool changes =
        wanted.quota_bytes() != txn.head().quota_bytes() || wanted.quota_messages() != txn.head().quota_messages();
    if (changes) {
      txn.mutable_head() = wanted;
      txn.CommitHead();
    }
    txn.LeaveNoTrace();
    result_ = std::move(wanted);
    return absl::OkStatus();
  }

 private:
  const Quota quota_;
};

}  // namespace labyrinth::mailbox

#endif  // LABYRINTH_SERVICE_MAILBOX_SET_QUOTA_H_
