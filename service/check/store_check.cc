#include "service/check/store_check.h"

#include "common/errors.h"
#include "service/check/attachment_check.h"
#include "service/check/mailbox_check.h"
#include "storage/attachment_schema.h"
#include "storage/blocking.h"

namespace labyrinth::check {
namespace {

constexpr std::size_t kPartitionsAPage = 1000;
constexpr std::size_t kMailboxNameBytes = 32;

// What the server keeps for itself: a few rows, whose meaning isn't ours to know.
class OtherCheck final : public PartitionCheck {
 public:
  using PartitionCheck::PartitionCheck;
  void Run() {
    const auto nothing = [](const Moment&, const Row&, Wants&) {};
    const auto fine = [](const Moment&, const Row&) {};
    Walk("rows_unreadable", std::string(1, '\0'), std::string(8, '\xff'), nothing, fine);
  }
};

// The engine wakes a mailbox by the time that its head names.
class WakeCheck final : public PartitionCheck {
 public:
  using PartitionCheck::PartitionCheck;
  void Run(const storage::PartitionEntry& entry) {
    Once(
        "head_unreadable", [](const Moment&, Wants& wants) { wants.Key(storage::keys::Head()); },
        [&](const Moment& moment) {
          const auto head = moment.Get<storage_v1::MailboxHead>(storage::keys::Head());
          // It has moved since it was listed.
          if (!head.has_value() || moment.position() != entry.position) return;
          if (head->wake_at_ms() == entry.wake_at_ms) return;
          Derived("wake_time_differs", storage::keys::Head());
          Put(storage::keys::Head(), *head);
          SetWake(head->wake_at_ms());
        });
  }
};

}  // namespace

absl::StatusOr<Summary> CheckStore(storage::Engine& engine, storage::BlobStore& blobs, const Options& options,
                                   Listener& listener, int64_t now_ms) {
  Summary summary;
  uint64_t done = 0;
  std::string after;
  for (;;) {
    const auto page = storage::ListPartitionsAndWait(engine, after, kPartitionsAPage);
    if (!page.ok()) return page.status();
    for (const storage::PartitionEntry& entry : *page) {
      after = entry.partition;
      absl::Status error;
      if (entry.partition.size() == kMailboxNameBytes) {
        WakeCheck wake(engine, entry.partition, options, listener, summary);
        wake.Run(entry);
        MailboxCheck check(engine, entry.partition, options, listener, summary, now_ms);
        if (wake.error().ok()) check.Run();
        error = wake.error().ok() ? check.error() : wake.error();
      } else if (storage::attachment_keys::KindOfPartition(entry.partition).has_value()) {
        AttachmentCheck check(engine, blobs, entry.partition, options, listener, summary, now_ms);
        check.Run();
        error = check.error();
      } else {
        OtherCheck check(engine, entry.partition, options, listener, summary);
        check.Run();
        error = check.error();
      }
      if (!error.ok()) return error;
      listener.OnProgress(++done);
    }
    if (page->size() < kPartitionsAPage) return summary;
  }
}

absl::StatusOr<Summary> CheckOneMailbox(storage::Engine& engine, const std::string& partition, const Options& options,
                                        Listener& listener, int64_t now_ms) {
  const auto read =
      storage::ReadAndWait(engine, {partition, {storage::keys::Head()}, {}, absl::Now() + absl::Minutes(1)});
  if (read.ok() && read->position.revision == 0) return errors::MailboxNotFound();
  if (!read.ok() && !absl::IsDataLoss(read.status())) return read.status();
  Summary summary;
  MailboxCheck check(engine, partition, options, listener, summary, now_ms);
  check.Run();
  if (!check.error().ok()) return check.error();
  listener.OnProgress(1);
  return summary;
}

}  // namespace labyrinth::check
