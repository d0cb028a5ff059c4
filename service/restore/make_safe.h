// What a store that came back from a backup needs before anybody is served from it.
#ifndef LABYRINTH_SERVICE_RESTORE_MAKE_SAFE_H_
#define LABYRINTH_SERVICE_RESTORE_MAKE_SAFE_H_

#include <cstdint>
#include <functional>
#include <optional>

#include "absl/status/statusor.h"
#include "common/clock.h"
#include "common/executor.h"
#include "common/random.h"
#include "service/journal/journal_codec.h"
#include "storage/engine.h"

namespace labyrinth::restore {

struct SafeStore {
  uint64_t generation = 0;  // the new one
  uint64_t mailboxes = 0;
  uint64_t revoked_devices = 0;
  uint64_t barred_keys = 0;
  uint64_t deleted_mailboxes = 0;
};

struct MakeSafeOptions {
  // nullopt: there is none, and the operator has said that he knows what that means. The store forgets that it had one.
  std::optional<journal::JournalContent> journal = {};
  std::function<void(uint64_t mailboxes_done)> on_progress = [](uint64_t) {};
};

// Raises the generation above every one that the store or the journal knows of and renews the keys that go with it, so
// that no session, cursor, page token, challenge or ticket of before is good for anything; then, mailbox by mailbox,
// replays the journal and requires a rotation. Done again, it does no harm, but the caller needn't rely on that: it is
// done on a copy that nobody opens (storage/rocksdb/backup.h), and a copy that was left by half is thrown away.
//
// Blocks. FAILED_PRECONDITION if the journal isn't the store's; DATA_DAMAGED, ENGINE_UNAVAILABLE.
absl::StatusOr<SafeStore> MakeSafe(storage::Engine& engine, Executor& executor, const Clock& clock,
                                   RandomSource& random, const MakeSafeOptions& options);

}  // namespace labyrinth::restore

#endif  // LABYRINTH_SERVICE_RESTORE_MAKE_SAFE_H_
