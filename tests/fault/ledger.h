// What the callers of one mailbox were told, against what it holds.
#ifndef LABYRINTH_TESTS_FAULT_LEDGER_H_
#define LABYRINTH_TESTS_FAULT_LEDGER_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "service/mailbox/save_messages.h"
#include "tests/fault/tally.h"

namespace labyrinth::fault {

// A message as its writer meant it. A run's ciphertexts differ from each other, so that a row tells which call wrote
// it.
struct Content {
  std::string thread_id;
  int64_t timestamp_ms = 0;
  std::string ciphertext;
  int64_t expire_ms = 0;
  auto operator<=>(const Content&) const = default;
};

// Messages by id, each as often as it is there.
using Contents = std::multimap<std::string, Content>;

// What is stored of one mailbox, read behind the server's back. Rows that contradict each other are `broken`.
struct StoredMailbox {
  Contents messages;                    // expired ones until they are swept
  std::set<uint64_t> active, revoked;   // devices
  std::map<uint32_t, uint64_t> epochs;  // ids by sequence
  int64_t expired_through_ms = 0;
  std::vector<std::string> broken;  // store_check.h
};
StoredMailbox ReadRows(const std::map<std::string, std::string>& rows);

// Callers say when a call begins and what it was answered. Judge() then tells whether some order of the calls, each
// within its time, leads to what is there:
//  - what an acknowledged save wrote is there, byte for byte, unless a later call wrote over it or deleted it, or it
//    expired;
//  - nothing else is there: nothing refused, nothing that nobody sent, nothing that was deleted;
//  - a batch without an answer is there whole or not at all;
//  - acknowledged devices, revocations and epochs are there.
// Thread-safe.
class Ledger {
 public:
  using Call = std::size_t;

  Call BeginSave(std::map<std::string, Content> messages) ABSL_LOCKS_EXCLUDED(mutex_);
  Call BeginDelete(std::vector<std::string> ids) ABSL_LOCKS_EXCLUDED(mutex_);
  // `outcomes` in the order of the ids.
  void Saved(Call call, const std::vector<mailbox::SaveOutcome>& outcomes) ABSL_LOCKS_EXCLUDED(mutex_);
  void Deleted(Call call) ABSL_LOCKS_EXCLUDED(mutex_);
  void Refused(Call call) ABSL_LOCKS_EXCLUDED(mutex_);
  // No answer: it may have happened, or may yet, until Judge().
  void Unknown(Call call) ABSL_LOCKS_EXCLUDED(mutex_);

  void DeviceAdded(uint64_t device_id) ABSL_LOCKS_EXCLUDED(mutex_);
  void DeviceRevoked(uint64_t device_id) ABSL_LOCKS_EXCLUDED(mutex_);
  void EpochOpened(uint32_t sequence_id, uint64_t epoch_id) ABSL_LOCKS_EXCLUDED(mutex_);

  // Only while nothing is under way, nor can happen late. `latest_ms` is the latest that any clock has shown. What is
  // there is from now on what has to be there. The totals of answers go into `tally` as well.
  void Judge(const StoredMailbox& stored, int64_t latest_ms, Tally& tally) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  enum class State { kOpen, kDone, kRefused, kUnknown };
  // One call's touch of one message.
  struct Touch {
    Call call = 0;
    bool deletes = false;
    Content content;
    mailbox::SaveOutcome outcome = mailbox::SaveOutcome::kCreated;  // once done
  };
  struct Record {
    uint64_t begin = 0, end = 0;  // on a counter of ours
    State state = State::kOpen;
    std::vector<std::string> ids;
  };

  Call Begin(std::vector<std::string> ids) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void End(Call call, State state) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // It has written, or may have.
  bool MayWrite(const Touch& touch) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool SurelyWrote(const Touch& touch) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool EndedBefore(const Touch& first, const Touch& second) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void JudgePresent(const std::string& id, const Content& content, int64_t latest_ms, Tally& tally) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void JudgeAbsent(const std::string& id, int64_t latest_ms, Tally& tally) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void JudgeBatches(const Contents& found, Tally& tally) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void JudgeMembers(const StoredMailbox& stored, Tally& tally) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::Mutex mutex_;
  uint64_t now_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<Record> calls_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::vector<Touch>> touches_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, Content> before_ ABSL_GUARDED_BY(mutex_);  // as the last Judge() found it
  std::map<std::string, int64_t> gone_ ABSL_GUARDED_BY(mutex_);    // deleted or swept: seen when
  std::set<std::string> used_ ABSL_GUARDED_BY(mutex_);             // every id that a call before the last Judge() named
  std::set<uint64_t> added_ ABSL_GUARDED_BY(mutex_), revoked_ ABSL_GUARDED_BY(mutex_);
  std::map<uint32_t, uint64_t> epochs_ ABSL_GUARDED_BY(mutex_);
  Tally answers_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace labyrinth::fault

#endif  // LABYRINTH_TESTS_FAULT_LEDGER_H_
