// A store and its journal meet at the start of the server.
#ifndef LABYRINTH_SERVICE_JOURNAL_JOURNAL_START_H_
#define LABYRINTH_SERVICE_JOURNAL_JOURNAL_START_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/clock.h"
#include "common/random.h"
#include "service/journal/file_journal.h"
#include "storage/engine.h"

namespace labyrinth::journal {

// Opens the store's journal at `path`, and voids what it has of removals that never were: entries whose commit the end
// of the last process prevented. A store knows its journal by a row in the server's partition (key "journal": the id);
// one without gets a new journal if there is no file, or one without entries. Blocks.
//
// FAILED_PRECONDITION in one line that says what to do: the file is missing or is another store's; with `begin`, which
// gives a store whose journal is lost a new one, the file is there. DATA_LOSS (damaged before its end), UNAVAILABLE,
// DATA_DAMAGED, ENGINE_UNAVAILABLE. The server's identity is in the store. `clock` outlives the journal.
absl::StatusOr<std::unique_ptr<FileJournal>> StartJournal(storage::Engine& engine, const std::string& path, bool begin,
                                                          uint64_t generation, const Clock& clock,
                                                          RandomSource& random);

// FAILED_PRECONDITION, in one line, unless the store's journal is the one of this id. For a restore.
absl::Status CheckJournalOf(storage::Engine& engine, const JournalId& id);

// The store forgets its journal: the next start begins a new one. For a restore without one.
absl::Status ForgetJournal(storage::Engine& engine);

}  // namespace labyrinth::journal

#endif  // LABYRINTH_SERVICE_JOURNAL_JOURNAL_START_H_
