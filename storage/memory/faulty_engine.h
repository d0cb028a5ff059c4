// An engine that misbehaves on demand, for tests of everything above the contract.
#ifndef LABYRINTH_STORAGE_MEMORY_FAULTY_ENGINE_H_
#define LABYRINTH_STORAGE_MEMORY_FAULTY_ENGINE_H_

#include <cstdint>
#include <deque>
#include <initializer_list>
#include <optional>
#include <random>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"
#include "storage/engine.h"

namespace labyrinth::storage {

enum class CommitFault {
  kNone,
  kFail,            // kFailed; never reaches the base
  kUnknownLost,     // kUnknown; never reaches the base
  kUnknownApplied,  // kUnknown, once the base has answered
  kUnknownLate,     // kUnknown at once; reaches the base in ApplyLate(): the commit that may yet happen
  kHoldRequest,     // reaches the base in Release()
  kHoldReply,       // the base answers at once; the caller hears of it in Release()
};

// For Read, Due and ListPartitions alike.
enum class ReadFault { kNone, kFail, kDamaged, kHoldRequest, kHoldReply };

// Shares in 1,000 of the calls that get each fault; the rest pass.
struct FaultMix {
  uint32_t fail = 0;
  uint32_t unknown_lost = 0;     // commits only
  uint32_t unknown_applied = 0;  // commits only
  uint32_t unknown_late = 0;     // commits only
  uint32_t hold_request = 0;
  uint32_t hold_reply = 0;
};

// Decorates `base`, which outlives it. Each call takes the next fault of its script; when the script is used up, a
// fault drawn from the mix (by default none). Held callbacks wait for Release(): a test decides the order of events and
// never sleeps. Destruction answers what is still held with kUnknown or ENGINE_UNAVAILABLE. Thread-safe.
class FaultyEngine final : public Engine {
 public:
  explicit FaultyEngine(Engine& base) : base_(base) {}
  ~FaultyEngine() override;

  void ScriptCommits(std::initializer_list<CommitFault> faults) ABSL_LOCKS_EXCLUDED(mutex_);
  void ScriptReads(std::initializer_list<ReadFault> faults) ABSL_LOCKS_EXCLUDED(mutex_);
  // Replays: the same seed and the same sequence of calls give the same faults.
  void Randomize(uint64_t seed, const FaultMix& mix) ABSL_LOCKS_EXCLUDED(mutex_);

  // Lets the `count` longest held calls go (those held now, at most); returns how many there were.
  std::size_t Release(std::size_t count = SIZE_MAX) ABSL_LOCKS_EXCLUDED(mutex_);
  // Issues the oldest late commit to the base and returns its outcome; nullopt if there is none.
  std::optional<CommitResult::Outcome> ApplyLate() ABSL_LOCKS_EXCLUDED(mutex_);

  std::size_t held() const ABSL_LOCKS_EXCLUDED(mutex_);
  uint64_t commits_seen() const ABSL_LOCKS_EXCLUDED(mutex_);
  uint64_t reads_seen() const ABSL_LOCKS_EXCLUDED(mutex_);  // of Read alone

  void Read(ReadRequest request, ReadCallback done) override ABSL_LOCKS_EXCLUDED(mutex_);
  void Commit(CommitRequest request, CommitCallback done) override ABSL_LOCKS_EXCLUDED(mutex_);
  void Due(int64_t now_ms, std::size_t limit, DueCallback done) override ABSL_LOCKS_EXCLUDED(mutex_);
  void ListPartitions(std::string after, std::size_t limit, PartitionsCallback done) override
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // A held call: `go(true)` continues it, `go(false)` answers that the engine is gone.
  using Held = absl::AnyInvocable<void(bool go) &&>;

  CommitFault NextCommitFault() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  ReadFault NextReadFault() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Hold(Held held) ABSL_LOCKS_EXCLUDED(mutex_);
  void Replied() ABSL_LOCKS_EXCLUDED(mutex_);
  // All that read are alike: `issue` asks the base, `done` answers the caller.
  template <typename Result, typename Issue, typename Callback>
  void Ask(ReadFault fault, Issue issue, Callback done) ABSL_LOCKS_EXCLUDED(mutex_);

  Engine& base_;
  mutable absl::Mutex mutex_;
  std::deque<CommitFault> commit_script_ ABSL_GUARDED_BY(mutex_);
  std::deque<ReadFault> read_script_ ABSL_GUARDED_BY(mutex_);
  FaultMix mix_ ABSL_GUARDED_BY(mutex_);
  std::mt19937_64 random_ ABSL_GUARDED_BY(mutex_);
  std::deque<Held> held_ ABSL_GUARDED_BY(mutex_);
  std::deque<CommitRequest> late_ ABSL_GUARDED_BY(mutex_);
  std::size_t replies_awaited_ ABSL_GUARDED_BY(mutex_) = 0;  // base callbacks that will touch this object
  uint64_t commits_seen_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t reads_seen_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_MEMORY_FAULTY_ENGINE_H_
