// Blobs that misbehave on demand, for tests of everything above the contract.
#ifndef LABYRINTH_STORAGE_MEMORY_FAULTY_BLOB_STORE_H_
#define LABYRINTH_STORAGE_MEMORY_FAULTY_BLOB_STORE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <random>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"
#include "storage/blob_store.h"

namespace labyrinth::storage {

enum class BlobFault {
  kNone,
  kFail,            // ENGINE_UNAVAILABLE; never reaches the base
  kDamaged,         // DATA_DAMAGED; never reaches the base
  kUnknownLost,     // OUTCOME_UNKNOWN; never reaches the base. Puts and deletions alone, as the next two
  kUnknownApplied,  // OUTCOME_UNKNOWN, once the base has answered: the acknowledgement is lost
  kUnknownLate,     // OUTCOME_UNKNOWN at once; reaches the base in ApplyLate(): the change that may yet happen
  kHoldRequest,     // reaches the base in Release()
  kHoldReply,       // the base is asked at once; the caller hears of it in Release()
};

// Shares in 1,000 of the puts and deletions that get each fault, and of the reads (the unknown ones aside).
struct BlobFaultMix {
  uint32_t fail = 0;
  uint32_t unknown_lost = 0;
  uint32_t unknown_applied = 0;
};

// Decorates `base`, which outlives it and answers before its calls return, as MemoryBlobStore does. Each call takes the
// next fault of its kind's script; when the script is used up, a fault drawn from the mix (by default none). Held calls
// wait for Release(): a test decides the order of events and never sleeps. Destruction answers what is still held with
// ENGINE_UNAVAILABLE, or OUTCOME_UNKNOWN for changes. Thread-safe.
class FaultyBlobStore final : public BlobStore {
 public:
  explicit FaultyBlobStore(BlobStore& base) : base_(base) {}
  ~FaultyBlobStore() override;

  void ScriptPuts(std::initializer_list<BlobFault> faults) ABSL_LOCKS_EXCLUDED(mutex_);
  void ScriptDeletes(std::initializer_list<BlobFault> faults) ABSL_LOCKS_EXCLUDED(mutex_);
  void ScriptReads(std::initializer_list<BlobFault> faults) ABSL_LOCKS_EXCLUDED(mutex_);  // Stat and ReadRange
  // Replays: the same seed and the same sequence of calls give the same faults.
  void Randomize(uint64_t seed, const BlobFaultMix& mix) ABSL_LOCKS_EXCLUDED(mutex_);

  // Lets the `count` longest held calls go (those held now, at most); returns how many there were.
  std::size_t Release(std::size_t count = SIZE_MAX) ABSL_LOCKS_EXCLUDED(mutex_);
  // Issues the oldest late change to the base; false if there is none.
  bool ApplyLate() ABSL_LOCKS_EXCLUDED(mutex_);

  std::size_t held() const ABSL_LOCKS_EXCLUDED(mutex_);
  uint64_t puts_seen() const ABSL_LOCKS_EXCLUDED(mutex_);
  uint64_t deletes_seen() const ABSL_LOCKS_EXCLUDED(mutex_);

  void PutChunk(const BlobName& name, uint64_t offset, std::string data, absl::Time deadline, PutCallback done) override
      ABSL_LOCKS_EXCLUDED(mutex_);
  void Stat(const BlobName& name, absl::Time deadline, StatCallback done) override ABSL_LOCKS_EXCLUDED(mutex_);
  void ReadRange(const BlobName& name, uint64_t offset, uint64_t size, absl::Time deadline, ReadCallback done) override
      ABSL_LOCKS_EXCLUDED(mutex_);
  void Delete(const BlobName& name, absl::Time deadline, DeleteCallback done) override ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  using Script = std::deque<BlobFault>;
  // A held call: `go(true)` continues it, `go(false)` answers that the store is gone.
  using Held = absl::AnyInvocable<void(bool go) &&>;

  BlobFault Next(Script& script, bool change) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Hold(Held held) ABSL_LOCKS_EXCLUDED(mutex_);
  // All four calls are alike: `issue` asks the base, `done` answers the caller with a Result.
  template <typename Result, typename Issue, typename Callback>
  void Ask(BlobFault fault, absl::Status gone, Issue issue, Callback done) ABSL_LOCKS_EXCLUDED(mutex_);

  BlobStore& base_;
  mutable absl::Mutex mutex_;
  Script puts_ ABSL_GUARDED_BY(mutex_);
  Script deletes_ ABSL_GUARDED_BY(mutex_);
  Script reads_ ABSL_GUARDED_BY(mutex_);
  BlobFaultMix mix_ ABSL_GUARDED_BY(mutex_);
  std::mt19937_64 random_ ABSL_GUARDED_BY(mutex_);
  std::deque<Held> held_ ABSL_GUARDED_BY(mutex_);
  std::deque<absl::AnyInvocable<void() &&>> late_ ABSL_GUARDED_BY(mutex_);
  uint64_t puts_seen_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t deletes_seen_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_MEMORY_FAULTY_BLOB_STORE_H_
