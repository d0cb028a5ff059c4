// A mailbox driven at random, beside a plain map that says what it should hold.
#ifndef LABYRINTH_TESTS_MODEL_MAILBOX_MODEL_H_
#define LABYRINTH_TESTS_MODEL_MAILBOX_MODEL_H_

#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "service/mailbox/caretaker.h"
#include "service/mailbox/testing/test_mailbox.h"
#include "storage/engine.h"

namespace labyrinth::mailbox::testing {

// Saves, replaces, deletes, lets time pass (and step back), and wakes the mailbox. After each step:
//  - the outcomes are those that the map foresaw;
//  - every row agrees with all others (store_check.h), and counters with the map;
//  - every way to read serves exactly what has not expired, in order;
//  - a device that follows the feed now and then ends up with what is stored, or is told to resync.
// Replays: everything comes from the seed.
class MailboxModel {
 public:
  // `store` answers before it returns, and outlives the model.
  MailboxModel(uint64_t seed, storage::Engine& store);

  // The Catch2 case fails if anything disagrees.
  void Step();

  // How often each kind of thing happened: a run that never deletes proves nothing.
  struct Seen {
    int created = 0, replaced = 0, was_deleted = 0, deleted = 0, expired = 0, forgotten = 0, resyncs = 0,
        step_backs = 0;
  };
  const Seen& seen() const { return seen_; }

 private:
  struct Stored {
    std::string thread_id;
    storage::Place place;
    std::string ciphertext;
    int64_t expire_ms = 0;
  };

  uint64_t Random(uint64_t bound) { return std::uniform_int_distribution<uint64_t>(0, bound - 1)(random_); }
  std::string RandomId();
  bool IsExpired(const Stored& message) const;

  void Save();
  void Delete();
  void MoveClock();
  void Wake();

  void CheckRows();
  void CheckReads();
  void Follow();

  std::mt19937_64 random_;
  TestServer server_;
  TestMailbox mailbox_;
  Caretaker caretaker_;
  std::map<std::string, Stored> stored_;       // by id; expired ones until they are swept
  std::map<std::string, int64_t> tombstones_;  // by id: since when
  int64_t highest_ms_ = kTestNowMs;            // that the clock has shown
  int64_t expired_through_ms_ = 0;
  // The device that follows.
  std::map<std::string, std::string> followed_;  // ciphertexts by id
  uint64_t cursor_ = 0;
  int64_t away_until_ms_ = 0;
  Seen seen_;
};

}  // namespace labyrinth::mailbox::testing

#endif  // LABYRINTH_TESTS_MODEL_MAILBOX_MODEL_H_
