#include "service/admin/mailbox_finder.h"

#include <optional>

#include "common/errors.h"
#include "common/limits.h"
#include "service/mailbox/records.h"
#include "storage/blocking.h"
#include "storage/schema.h"

namespace labyrinth::service {
namespace {

constexpr std::size_t kPageOfPartitions = 1000;
constexpr absl::Duration kPatience = absl::Seconds(30);

}  // namespace

absl::StatusOr<std::string> MailboxFinder::Find(const v1::MailboxRef& ref) const {
  switch (ref.ref_case()) {
    case v1::MailboxRef::kAccountId:
      if (ref.account_id().empty() || ref.account_id().size() > limits::kAccountIdBytes) {
        return errors::InvalidField("mailbox.account_id", "must be 1 to 256 bytes");
      }
      return keys_.AccountPartition(ref.account_id());
    case v1::MailboxRef::kMailboxId: {
      const auto id = MailboxId::From(ref.mailbox_id());
      if (!id.has_value()) return errors::InvalidField("mailbox.mailbox_id", "must be 16 bytes");
      return FindById(*id);
    }
    case v1::MailboxRef::kPseudonym:
      return FindByPseudonym(ref.pseudonym());
    case v1::MailboxRef::kPartition:
      if (ref.partition().size() != kMailboxPartitionBytes) {
        return errors::InvalidField("mailbox.partition", "must be 32 bytes");
      }
      return ref.partition();
    case v1::MailboxRef::REF_NOT_SET:
      break;
  }
  return errors::InvalidField("mailbox", "required");
}

absl::Status MailboxFinder::ForEachMailbox(
    const std::function<absl::StatusOr<bool>(const std::string& partition)>& visit) const {
  std::string after;
  for (;;) {
    const auto page = storage::ListPartitionsAndWait(engine_, after, kPageOfPartitions);
    if (!page.ok()) return page.status();
    for (const storage::PartitionEntry& entry : *page) {
      after = entry.partition;
      if (entry.partition.size() != kMailboxPartitionBytes) continue;
      const absl::StatusOr<bool> go_on = visit(entry.partition);
      if (!go_on.ok()) return go_on.status();
      if (!*go_on) return absl::OkStatus();
    }
    if (page->size() < kPageOfPartitions) return absl::OkStatus();
  }
}

absl::StatusOr<std::string> MailboxFinder::FindById(const MailboxId& id) const {
  std::string found;
  const absl::Status walked = ForEachMailbox([&](const std::string& partition) -> absl::StatusOr<bool> {
    const auto read = storage::ReadAndWait(engine_, {partition, {storage::keys::Head()}, {}, absl::Now() + kPatience});
    // A damaged one isn't it: whoever looks for another shall find that.
    if (!read.ok()) return absl::IsDataLoss(read.status()) ? absl::StatusOr<bool>(true) : read.status();
    if (!read->values[0].has_value()) return true;
    const auto head = mailbox::ParseHead(*read->values[0]);
    if (!head.ok() || head->mailbox_id() != id.view()) return true;
    found = partition;
    return false;
  });
  if (!walked.ok()) return walked;
  if (found.empty()) return errors::MailboxNotFound();
  return found;
}

absl::StatusOr<std::string> MailboxFinder::FindByPseudonym(const std::string& text) const {
  const std::optional<int64_t> period = Pseudonyms::PeriodOf(text);
  if (!period.has_value()) return errors::InvalidField("mailbox.pseudonym", "must be as in the log: p19844:8f2c91d0");
  std::string found;
  const absl::Status walked = ForEachMailbox([&](const std::string& partition) -> absl::StatusOr<bool> {
    if (pseudonyms_.At(*period, partition).text() != text) return true;
    if (!found.empty()) return errors::InvalidField("mailbox.pseudonym", "two mailboxes have it: name the account");
    found = partition;
    return true;
  });
  if (!walked.ok()) return walked;
  if (found.empty()) return errors::MailboxNotFound();
  return found;
}

}  // namespace labyrinth::service
