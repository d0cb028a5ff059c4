// What a backup notes of the server that made it, and a restore holds against the journal that it is given.
#ifndef LABYRINTH_SERVICE_RESTORE_BACKUP_LABELS_H_
#define LABYRINTH_SERVICE_RESTORE_BACKUP_LABELS_H_

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "service/journal/journal_codec.h"

namespace labyrinth::restore {

struct BackupLabels {
  journal::JournalId journal;
  uint64_t journal_bytes = 0;  // durable when the backup began
  uint64_t generation = 0;
};

std::map<std::string, std::string> ToLabels(const BackupLabels& labels);
// DATA_LOSS if one is missing or malformed.
absl::StatusOr<BackupLabels> FromLabels(const std::map<std::string, std::string>& labels);

// FAILED_PRECONDITION, in one line without the path, if `content` is another journal than the backup's, or ends before
// the backup was made: an old copy would take back whoever was removed since it was made.
absl::Status CheckJournal(const BackupLabels& labels, const journal::JournalContent& content);

}  // namespace labyrinth::restore

#endif  // LABYRINTH_SERVICE_RESTORE_BACKUP_LABELS_H_
