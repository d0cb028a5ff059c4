// A mailbox driven at random, beside a plain map that says what it should hold.
#ifndef LABYRINTH_TESTS_MODEL_MAILBOX_MODEL_H_
#define LABYRINTH_TESTS_MODEL_MAILBOX_MODEL_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "service/mailbox/caretaker.h"
#include "service/mailbox/testing/test_mailbox.h"
#include "storage/engine.h"

namespace labyrinth::mailbox::testing {

// Saves, replaces, deletes, lets time pass (and step back), wakes the mailbox, adds and removes devices, opens epochs,
// and starts the server anew, while commits' outcomes get lost on the way. After each step:
//  - the outcomes are those that the map foresaw, down to the reason of a refusal;
//  - every row agrees with all others (store_check.h), and counters with the map;
//  - every way to read serves exactly what has not expired, in order, to members alone;
//  - walks that began some time ago go on, page after page, with what lies beyond their last page;
//  - whoever watches was woken for each commit and has what is stored, until its device is removed;
//  - a device that follows the feed now and then ends up with what is stored, or is told to resync.
// Replays: everything comes from the seed.
class MailboxModel {
 public:
  // `store` answers before it returns, and outlives the model. `reopen` closes and opens it.
  MailboxModel(uint64_t seed, storage::Engine& store, std::function<void()> reopen);

  // The Catch2 case fails if anything disagrees.
  void Step();

  // How often each kind of thing happened: a run that never deletes proves nothing.
  struct Seen {
    int created = 0, replaced = 0, unchanged_after_rotation = 0, was_deleted = 0, deleted = 0, expired = 0,
        forgotten = 0, resyncs = 0, step_backs = 0, conflicts = 0, stale = 0, rotation_required = 0, over_quota = 0,
        epochs = 0, removals = 0, restarts = 0, walks = 0, pages = 0, watches_ended = 0;
  };
  const Seen& seen() const { return seen_; }

 private:
  struct Stored {
    std::string thread_id;
    storage::Place place;
    std::string ciphertext;
    int64_t expire_ms = 0;
    EpochId epoch_id;
  };
  // A list that somebody is paging through.
  struct Walk {
    MessageQuery query;
    std::string token;
    std::optional<storage::Place> last;  // of the message that came last
    std::set<std::string> taken;
    std::set<std::string> throughout;  // were there when it began, and have been since
    std::set<std::string> passed_by;   // were expired at some page: a clock that steps back may show them again
  };
  struct Watch {
    TestDevice* device;
    uint64_t cursor = 0;
    uint64_t heard = 0;
    std::map<std::string, std::string> held;  // ciphertexts by id
  };

  uint64_t Random(uint64_t bound) { return std::uniform_int_distribution<uint64_t>(0, bound - 1)(random_); }
  bool OneIn(uint64_t times) { return Random(times) == 0; }
  std::string RandomId();
  TestDevice& AnyMember() { return *active_[Random(active_.size())]; }
  bool IsExpired(const Stored& message) const;

  // mailbox_model.cc: messages and time.
  void LoseOutcomes();
  void Save();
  std::optional<Reason> Refusal(const SaveRequest& request, std::map<std::string, Stored>& after,
                                std::vector<SaveOutcome>& outcomes);
  std::vector<SaveMessage> RandomBatch();
  std::vector<SaveMessage> RepeatedBatch(EpochId& epoch_id);
  void Delete();
  void MoveClock();
  void Wake();
  void Restart();

  // membership_steps.cc: who is in.
  void ChangeMembership();
  void AddDevice();
  void RemoveDevice();
  void Rotate();
  void TakeOut(DeviceId id);
  void TryAsRemoved();

  // model_checks.cc: what is stored and served.
  void CheckRows();
  void CheckReads();
  std::vector<std::string> ExpectedOrder(const MessageQuery& query) const;
  void TurnPage();
  void TakePage(Walk& walk, const MessagePage& page);
  void RunWatches();
  void Follow();
  // Applies page after page from `cursor`, until the head; the reason if that can't be.
  std::optional<Reason> Apply(TestDevice& reader, uint64_t& cursor, std::map<std::string, std::string>& held);
  std::map<std::string, std::string> Everything() const;
  void CheckHeld(std::map<std::string, std::string> held) const;

  std::mt19937_64 random_;
  TestServer server_;
  TestMailbox mailbox_;
  std::optional<Caretaker> caretaker_;
  const std::function<void()> reopen_;
  std::map<std::string, Stored> stored_;       // by id; expired ones until they are swept
  std::map<std::string, int64_t> tombstones_;  // by id: since when
  int64_t highest_ms_ = kTestNowMs;            // that the clock has shown
  int64_t expired_through_ms_ = 0;

  std::deque<TestDevice> made_;  // but for the first
  std::vector<TestDevice*> active_;
  std::vector<TestDevice*> removed_;
  std::optional<TestDevice> recovery_;  // sponsors every other
  std::vector<EpochId> epochs_;
  bool rotation_required_ = false;
  bool membership_changed_ = false;  // in this step

  std::vector<Walk> walks_;
  std::vector<Watch> watches_;
  // The device that follows.
  std::map<std::string, std::string> followed_;  // ciphertexts by id
  uint64_t cursor_ = 0;
  int64_t away_until_ms_ = 0;
  Seen seen_;
};

}  // namespace labyrinth::mailbox::testing

#endif  // LABYRINTH_TESTS_MODEL_MAILBOX_MODEL_H_
