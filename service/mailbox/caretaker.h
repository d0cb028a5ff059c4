// Wakes mailboxes: expiry and upkeep happen here.
#ifndef LABYRINTH_SERVICE_MAILBOX_CARETAKER_H_
#define LABYRINTH_SERVICE_MAILBOX_CARETAKER_H_

#include <cstddef>
#include <string>
#include <string_view>

#include "service/mailbox/sequencer.h"
#include "service/mailbox/upkeep.h"
#include "service/wake/wakeful.h"

namespace labyrinth::mailbox {

// Owns the partitions of mailboxes. Thread-safe; outlives no part of what it is given, nor a wake.
class Caretaker final : public service::Wakeful {
 public:
  // Commits of one wake: 2,048 expired messages. What is left keeps the mailbox due.
  static constexpr std::size_t kCommitsPerWake = 16;

  explicit Caretaker(Sequencer& sequencer) : sequencer_(sequencer) {}

  // A mailbox's name is a MAC (Policy::partition_of); those of other kinds have other lengths.
  bool Owns(std::string_view partition) const override { return partition.size() == kMailboxPartitionBytes; }

  // Through the sequencer, among the mailbox's other commits. DATA_DAMAGED; ENGINE_UNAVAILABLE; OUTCOME_UNKNOWN.
  void Wake(const std::string& partition, absl::Time deadline, Done done) override {
    Continue(partition, deadline, kCommitsPerWake, std::move(done));
  }

 private:
  static constexpr std::size_t kMailboxPartitionBytes = 32;

  void Continue(const std::string& partition, absl::Time deadline, std::size_t commits, Done done) {
    auto operation = std::make_unique<UpkeepOperation>(
        [this, partition, deadline, commits, done = std::move(done)](absl::StatusOr<UpkeepResult> result) mutable {
          if (!result.ok() || !result->more || commits == 1) return std::move(done)(result.status());
          Continue(partition, deadline, commits - 1, std::move(done));
        });
    operation->deadline = deadline;
    sequencer_.Submit(partition, std::move(operation));
  }

  Sequencer& sequencer_;
};

}  // namespace labyrinth::mailbox

#endif  // LABYRINTH_SERVICE_MAILBOX_CARETAKER_H_
