// Saves an export's messages into the mailbox.
#ifndef LABYRINTH_CLIENT_TRANSFER_IMPORT_H_
#define LABYRINTH_CLIENT_TRANSFER_IMPORT_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "absl/status/statusor.h"
#include "client/history.h"
#include "client/transfer/import_journal.h"
#include "client/transfer/messenger_export.h"
#include "crypto/labyrinth/import_ids.h"

namespace labyrinth::client {

// A save's bounds, below the server's (limits::kSaveBatchMessages and kSaveBatchBytes), since padding and sealing add
// up to an eighth.
inline constexpr std::size_t kImportBatchMessages = 100;
inline constexpr std::size_t kImportBatchBytes = 1536 * 1024;

struct ImportReport {
  uint64_t threads = 0;
  uint64_t created = 0;
  uint64_t existing = 0;  // the mailbox had it, or it stood twice in one batch
  uint64_t deleted = 0;   // deleted or expired in the mailbox in the last 90 days, and left so
  uint64_t skipped = 0;   // saved by the interrupted import, says the journal
  uint64_t batches = 0;

  uint64_t messages() const { return created + existing + deleted + skipped; }
};

// One durable, atomic save with KEEP_EXISTING: History::Save.
using SaveBatch = std::function<absl::StatusOr<SaveReport>(std::span<const NewMessage>)>;
// After each batch: messages done. CANCELLED when it returns false.
using ImportProgress = std::function<bool(uint64_t done_messages)>;

// Saves every message of `source`, which the caller validated before (MessengerExport::Validate), in batches across
// threads. Ids come from `ids`, so an import may be repeated, or made by another device, without doubling anything.
// Holds one file and one batch in memory. On an error everything that `save` acknowledged is saved, and the journal
// names the files that are whole; on success the journal is removed.
//
// Errors: those of `save`; those of reading, should the export have changed since it was validated; CANCELLED.
absl::StatusOr<ImportReport> ImportExport(const MessengerExport& source, const crypto::ImportIds& ids,
                                          const SaveBatch& save, ImportJournal& journal,
                                          const ImportProgress& progress = nullptr);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_TRANSFER_IMPORT_H_
