// What concurrent clients of one mailbox did and were told, in a form that can be judged.
#ifndef LABYRINTH_TESTS_FAULT_HISTORY_H_
#define LABYRINTH_TESTS_FAULT_HISTORY_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace labyrinth::fault {

enum class CallKind { kSave, kDelete, kList, kGet, kOpenEpoch, kRevoke, kRegister, kGetMailbox };

// A message as a read shows it.
struct Seen {
  std::string id;
  std::string ciphertext;  // differs from save to save, so that it names the one that wrote it
  uint64_t epoch_id = 0;
  uint64_t revision = 0;
};

// One call. Times are of one counter: whatever ended below another's begin was over before that began.
struct CallRecord {
  CallKind kind = CallKind::kSave;
  uint64_t device_id = 0;  // whose call
  uint64_t begin = 0, end = 0;
  enum class Answer { kOk, kRefused, kUnknown } answer = Answer::kUnknown;

  uint64_t revision = 0;  // OK: of the commit, or the moment that was read

  // kSave, one message: what it was to be, and whether the call wrote it (OK; not if it was there already). kDelete,
  // kGet: the id asked for.
  std::string message_id;
  std::string ciphertext;
  int64_t timestamp_ms = 0;
  bool wrote = false;
  // kSave: under which it was encrypted. kOpenEpoch: the one before. kGetMailbox: the current one.
  uint64_t epoch_id = 0;
  // kOpenEpoch
  uint64_t new_epoch_id = 0;
  uint32_t sequence_id = 0;
  // kOpenEpoch, kRevoke: who is removed. kRegister: who is new.
  std::vector<uint64_t> device_ids;
  // kSave: where it belongs. kList: of which thread, "" for all.
  std::string thread_id;
  // kList: [start, end) of times, all of it. kGet: the message, if it is there.
  int64_t start_ms = 0, end_ms = 0;
  std::vector<Seen> seen;
};

struct History {
  std::vector<CallRecord> calls;
  // At the end, with nothing under way.
  std::vector<Seen> messages;
  std::map<uint32_t, uint64_t> epochs;  // ids by sequence; 0 was there from the start
};

// The rules' names, as JudgeHistory reports them.
namespace rule {
inline constexpr std::string_view kRevoked = "revocation: a device acted after its acknowledged revocation";
inline constexpr std::string_view kOldEpoch = "epoch: a save under an old epoch came after the new one";
inline constexpr std::string_view kChain = "chain: the epochs are not one gapless sequence";
inline constexpr std::string_view kMonotonic = "monotonic: a call saw an older moment than one that ended before it";
inline constexpr std::string_view kMissing = "missing: an acknowledged message isn't seen";
inline constexpr std::string_view kInvented = "invented: what is seen was never sent, or was refused";
inline constexpr std::string_view kDoubled = "doubled: one message is there, or was created, twice";
inline constexpr std::string_view kUndeleted = "undeleted: a message is seen after its acknowledged deletion";
}  // namespace rule

struct Broken {
  std::string_view rule;
  std::string what;
};

// Every breach of the rules, at most 20:
//  - no call that began after an acknowledged revocation succeeds for that device;
//  - every save stands below the epoch that follows its own, in time and in revisions;
//  - each sequence number has one epoch, opened from the one before it;
//  - revisions never go back from one call to another that begins after it ended; a call that wrote is above all of
//    those;
//  - a message that was acknowledged before a read began is in it, with what its last writer sent, unless a deletion of
//    it began before the read ended; one whose deletion was acknowledged before isn't;
//  - whatever is seen was sent by a call that had begun and wasn't refused;
//  - at the end each acknowledged message that nobody deleted is there once.
std::vector<Broken> JudgeHistory(const History& history);

}  // namespace labyrinth::fault

#endif  // LABYRINTH_TESTS_FAULT_HISTORY_H_
