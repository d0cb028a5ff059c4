// One mailbox's partition, held against itself.
#ifndef LABYRINTH_SERVICE_CHECK_MAILBOX_CHECK_H_
#define LABYRINTH_SERVICE_CHECK_MAILBOX_CHECK_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "service/check/partition_check.h"
#include "storage/schema.h"

namespace labyrinth::check {

// Judges
//  - messages against their locations, the mailbox-wide index, the expiry index and the feed, and each of these back;
//  - threads against their ids and the messages in them, their activity against both;
//  - the head's counters and wake time against all of that;
//  - the roster against devices, key index, ORF scalars, sealed secrets, the current epoch's members, and the feed;
//  - the epochs and the signed log, replayed from its first entry, against the head and the roster;
//  - the feed's upkeep marks against the feed, deletions against tombstones;
//  - request records against their ages.
// What it holds in memory grows with devices, epochs and an hour's changes, not with messages. Thread-compatible.
class MailboxCheck final : public PartitionCheck {
 public:
  // `now_ms` is what repairs take for the time.
  MailboxCheck(storage::Engine& engine, std::string partition, const Options& options, Listener& listener,
               Summary& summary, int64_t now_ms)
      : PartitionCheck(engine, std::move(partition), options, listener, summary), now_ms_(now_ms) {}

  void Run();

 private:
  // mailbox_membership.cc
  void CheckMembership();
  void CheckFeedOfMembership();
  // mailbox_messages.cc
  void CheckMessages();
  void CheckMailboxTime();
  void CheckLocations();
  void CheckExpiries();
  // mailbox_threads.cc
  void CheckThreadIds();
  void CheckThreads();
  void CheckThread(uint32_t number);
  void CheckActivities();
  void CheckCounters();
  // mailbox_feed.cc
  void CheckVoidMarks();
  void CheckFeed();
  void CheckDeletionMarks();
  void CheckRequests();
  void CheckWake();
  // Keys of no table.
  void CheckStrays();

  const int64_t now_ms_;
  bool has_mailbox_ = false;
  bool counters_known_ = true;  // what they have to be: false where a row is lost that counted

  bool membership_known_ = false;
  bool feed_known_ = true;
  uint64_t membership_revision_ = 0;  // of the moment that these are of
  std::set<uint64_t> devices_, revoked_;
  std::set<uint32_t> epochs_;
  // What the feed tells of membership: kind, id, the row's revision.
  std::set<std::tuple<int, uint64_t, uint64_t>> told_;

  // As they were met, by revision and place of the entry.
  std::map<std::pair<uint64_t, storage::Place>, std::string> void_marks_;

  // Rows of the feed with deletions that have no mark, by their time.
  std::multimap<int64_t, uint64_t> unmarked_deletions_;

  struct Difference {
    int64_t messages = 0;
    int64_t bytes = 0;
  };
  std::map<uint32_t, Difference> thread_differences_;  // what is there, less what the record says: unrepaired
};

}  // namespace labyrinth::check

#endif  // LABYRINTH_SERVICE_CHECK_MAILBOX_CHECK_H_
