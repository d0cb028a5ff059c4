// The whole of a restore, offline: from a directory of backups to a data directory that labyrinthd may serve.
#ifndef LABYRINTH_TOOLS_BACKUP_RESTORE_DATA_DIR_H_
#define LABYRINTH_TOOLS_BACKUP_RESTORE_DATA_DIR_H_

#include <functional>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "common/clock.h"
#include "common/random.h"
#include "service/restore/make_safe.h"
#include "storage/rocksdb/backup.h"
#include "storage/rocksdb/options.h"

namespace labyrinth::backup {

struct RestoreRequest {
  std::string backups;
  std::optional<storage::BackupName> name;  // nullopt: the newest
  // DATA_DIR: made if it isn't there. It may hold a journal of revocations and a development server's key, as what is
  // left of a lost store, and nothing else.
  std::string data_dir;
  std::string journal;  // "": DATA_DIR/revocations.journal
  // There is none any more: whoever was removed after the backup was made is a member again.
  bool without_journal = false;
};

struct RestoreProgress {
  enum class Step { kVerify, kMailboxes } step = Step::kVerify;
  uint64_t done = 0;   // bytes, or mailboxes
  uint64_t total = 0;  // 0: not known
};

struct RestoreReport {
  storage::BackupRecord backup;
  restore::SafeStore safe;
};

// Copies into DATA_DIR/store.restoring, makes that safe to serve (service/restore), and gives it its name,
// DATA_DIR/store, at the very end. Whatever happens before leaves nothing that a server would open; the next attempt
// begins by removing it. `on_progress` false: CANCELLED. FAILED_PRECONDITION, NOT_FOUND, DATA_LOSS, UNAVAILABLE: one
// line that names the file or directory and says what to do. `options` as for the server; its `unfinished_restore` is
// set here.
absl::StatusOr<RestoreReport> RestoreDataDir(const RestoreRequest& request, storage::RocksdbOptions options,
                                             const Clock& clock, RandomSource& random,
                                             const std::function<bool(const RestoreProgress&)>& on_progress);

}  // namespace labyrinth::backup

#endif  // LABYRINTH_TOOLS_BACKUP_RESTORE_DATA_DIR_H_
