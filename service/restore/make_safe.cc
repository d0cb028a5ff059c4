#include "service/restore/make_safe.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "service/auth/server_keys.h"
#include "service/journal/journal_start.h"
#include "service/mailbox/restore_mailbox.h"
#include "service/mailbox/sequencer.h"

namespace labyrinth::restore {
namespace {

constexpr std::size_t kPage = 256;                  // mailboxes in flight together: they share a sync
constexpr std::size_t kMailboxPartitionBytes = 32;  // a MAC; the names of all other partitions are shorter

using RevocationsOf = std::map<std::string, std::vector<mailbox::Revocation>>;

absl::StatusOr<std::vector<storage::PartitionEntry>> NextPage(storage::Engine& engine, const std::string& after) {
  absl::Notification done;
  absl::StatusOr<std::vector<storage::PartitionEntry>> page;
  engine.ListPartitions(after, kPage, [&](auto listed) {
    page = std::move(listed);
    done.Notify();
  });
  done.WaitForNotification();
  return page;
}

// Adds up what the operations of a page come to.
class Tally {
 public:
  explicit Tally(SafeStore& sum) : sum_(sum) {}

  void Begin() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    ++open_;
  }
  void End(const absl::StatusOr<mailbox::RestoredMailbox>& restored) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    --open_;
    status_.Update(restored.status());
    if (!restored.ok()) return;
    ++sum_.mailboxes;
    sum_.revoked_devices += restored->revoked;
    sum_.barred_keys += restored->barred;
    sum_.deleted_mailboxes += restored->deleted ? 1 : 0;
  }
  absl::Status Wait() ABSL_LOCKS_EXCLUDED(mutex_) {
    const auto idle = [this]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return open_ == 0; };
    mutex_.LockWhen(absl::Condition(&idle));
    const absl::Status status = status_;
    mutex_.Unlock();
    return status;
  }

 private:
  absl::Mutex mutex_;
  SafeStore& sum_ ABSL_GUARDED_BY(mutex_);
  std::size_t open_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

absl::Status RestoreMailboxes(storage::Engine& engine, mailbox::Sequencer& sequencer, RevocationsOf& revocations,
                              const MakeSafeOptions& options, SafeStore& safe) {
  Tally tally(safe);
  std::string after;
  for (;;) {
    const auto page = NextPage(engine, after);
    if (!page.ok()) return page.status();
    for (const storage::PartitionEntry& entry : *page) {
      if (entry.partition.size() != kMailboxPartitionBytes) continue;
      tally.Begin();
      sequencer.Submit(entry.partition,
                       std::make_unique<mailbox::RestoreMailboxOperation>(
                           std::move(revocations[entry.partition]),
                           [&tally](absl::StatusOr<mailbox::RestoredMailbox> restored) { tally.End(restored); }));
    }
    if (absl::Status restored = tally.Wait(); !restored.ok()) return restored;
    options.on_progress(safe.mailboxes);
    if (page->size() < kPage) return absl::OkStatus();
    after = page->back().partition;
  }
}

}  // namespace

absl::StatusOr<SafeStore> MakeSafe(storage::Engine& engine, Executor& executor, const Clock& clock,
                                   RandomSource& random, const MakeSafeOptions& options) {
  SafeStore safe;
  RevocationsOf revocations;
  uint64_t known = 0;
  if (options.journal.has_value()) {
    if (absl::Status ours = journal::CheckJournalOf(engine, options.journal->id); !ours.ok()) return ours;
    for (mailbox::Revocation& revocation : options.journal->Revocations()) {
      std::vector<mailbox::Revocation>& of_mailbox = revocations[revocation.partition];
      of_mailbox.push_back(std::move(revocation));
    }
    known = options.journal->HighestGeneration();
  } else if (absl::Status forgotten = journal::ForgetJournal(engine); !forgotten.ok()) {
    return forgotten;
  }
  // Above what is known, and what nobody knows of any more (another restore of the same backup, whose journal is lost)
  // is below the clock.
  const uint64_t at_least = std::max(known + 1, static_cast<uint64_t>(std::max<int64_t>(clock.NowMs(), 0)));
  const auto generation = service::ServerKeys::BeginGeneration(engine, random, at_least);
  if (!generation.ok()) return generation.status();
  safe.generation = *generation;
  mailbox::Sequencer sequencer(engine, executor, clock, random);
  if (absl::Status restored = RestoreMailboxes(engine, sequencer, revocations, options, safe); !restored.ok()) {
    return restored;
  }
  return safe;
}

}  // namespace labyrinth::restore
