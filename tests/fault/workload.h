// The life of a few mailboxes, at random: what the runs of faults have in common.
#ifndef LABYRINTH_TESTS_FAULT_WORKLOAD_H_
#define LABYRINTH_TESTS_FAULT_WORKLOAD_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "service/mailbox/caretaker.h"
#include "service/mailbox/testing/test_mailbox.h"
#include "service/mailbox/testing/test_server.h"
#include "tests/fault/ledger.h"
#include "tests/fault/tally.h"

namespace labyrinth::fault {

// Saves (single ones, batches of 100, large ones, repeats, replacements), deletions, upkeep, rotations, revocations of
// both kinds, new devices, sign-ins. One or several nodes over one store. Everything is drawn from one seed; everything
// runs on the calling thread. The nodes outlive it.
class Workload {
 public:
  struct Shape {
    int mailboxes = 1;
    bool clock_steps = false;  // of hours and days, either way, a clock for each node
    bool large_messages = false;
  };
  Workload(uint64_t seed, std::vector<mailbox::testing::TestServer*> nodes, Shape shape);

  // Starts a call, or steps a clock. A mailbox is created by the first call for it.
  void Start();
  // Takes what was answered since.
  void Collect();
  std::size_t open() const { return open_.size(); }

  // Reads of a random mailbox on a random node: nothing expired is served, nothing twice, and everything as it is
  // stored. Only while nothing is under way.
  void CheckReads(Tally& tally);
  // The same with a reader of one's own, which goes by the first node's clock.
  void CheckReads(const mailbox::HistoryReader& history, Tally& tally);
  // Everything stored against everything answered (ledger.h). Only while nothing is under way or may yet happen.
  void Judge(Tally& tally);

 private:
  struct Mailbox {
    Mailbox(mailbox::testing::TestServer& server, const std::string& account) : box(server, account) {}
    mailbox::testing::TestMailbox box;
    bool created = false;
    bool creating = false;
    std::list<mailbox::testing::TestDevice> members;  // acknowledged, besides the first; some are revoked
    std::vector<EpochId> old_epochs;
    std::deque<std::pair<std::string, Content>> recent;
    Ledger ledger;
  };
  using Poll = std::function<bool()>;  // true once it was answered

  uint64_t Below(uint64_t bound) { return random_() % bound; }
  mailbox::testing::TestServer& AnyNode() { return *nodes_[Below(nodes_.size())]; }
  const mailbox::testing::TestDevice& AnyMember(Mailbox& mailbox);

  // Starts `request` on `node`; `answered` gets the result.
  // Whether a call may have happened nonetheless.
  enum class Answer { kRefused, kUnknown };
  Answer Classify(const absl::Status& status);
  template <typename Request, typename Answered>
  void Call(mailbox::testing::TestServer& node, Request request, Answered answered);
  void Create(Mailbox& mailbox);
  void Save(Mailbox& mailbox);
  void Delete(Mailbox& mailbox);
  void Wake(Mailbox& mailbox);
  void OpenEpoch(Mailbox& mailbox);
  void Revoke(Mailbox& mailbox);
  void AddDevice(Mailbox& mailbox);
  void StepClock();
  std::string RandomBytes(std::size_t size);
  void CheckReads(Mailbox& mailbox, const mailbox::HistoryReader& history, mailbox::testing::TestServer& node,
                  Tally& tally);

  std::mt19937_64 random_;
  const std::vector<mailbox::testing::TestServer*> nodes_;
  const Shape shape_;
  std::list<Mailbox> mailboxes_;
  std::list<Poll> open_;
  int64_t latest_ms_;
  uint64_t next_id_ = 0;
  Tally errors_;  // answers that nobody should ever get
};

}  // namespace labyrinth::fault

#endif  // LABYRINTH_TESTS_FAULT_WORKLOAD_H_
