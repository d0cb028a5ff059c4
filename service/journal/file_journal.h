// The journal of revocations as a file.
#ifndef LABYRINTH_SERVICE_JOURNAL_FILE_JOURNAL_H_
#define LABYRINTH_SERVICE_JOURNAL_FILE_JOURNAL_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "common/clock.h"
#include "service/journal/journal_codec.h"
#include "service/mailbox/revocation.h"

namespace labyrinth::journal {

// Appends, each entry synced before it is acknowledged. After the first failure it appends nothing more, since nobody
// knows what the disk holds: revocations are refused until a restart, which finds out. Thread-safe.
class FileJournal final : public mailbox::RevocationJournal {
 public:
  // A new journal, durable, entry in its directory included. FAILED_PRECONDITION if the file is there; UNAVAILABLE.
  static absl::Status Create(const std::string& path, const JournalId& id);

  // Opens a journal, alone, and cuts a torn tail off. Entries will say `generation`. As ReadJournal; also
  // FAILED_PRECONDITION if another process has it. `clock` outlives it.
  static absl::StatusOr<std::unique_ptr<FileJournal>> Open(const std::string& path, uint64_t generation,
                                                           const Clock& clock);
  FileJournal(const FileJournal&) = delete;
  FileJournal& operator=(const FileJournal&) = delete;
  ~FileJournal() override;

  const JournalId& id() const { return id_; }
  // What the file held when it was opened.
  const JournalContent& found() const { return found_; }

  absl::StatusOr<uint64_t> Append(const mailbox::Revocation& revocation) override ABSL_LOCKS_EXCLUDED(mutex_);
  void Void(uint64_t number) override ABSL_LOCKS_EXCLUDED(mutex_);
  // Entries up to `number` were compared with the store.
  absl::Status NoteChecked(uint64_t number) ABSL_LOCKS_EXCLUDED(mutex_);

  // How much of the file is durable.
  uint64_t durable_bytes() const ABSL_LOCKS_EXCLUDED(mutex_);
  // OK, or UNAVAILABLE with the cause, in the operator's words, why revocations are refused until a restart.
  absl::Status Health() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  FileJournal(std::string path, int fd, JournalContent found, uint64_t generation, const Clock& clock);
  absl::StatusOr<uint64_t> Write(JournalEntry entry) ABSL_LOCKS_EXCLUDED(mutex_);

  const std::string path_;
  const int fd_;
  const JournalContent found_;
  const JournalId id_;
  const uint64_t generation_;
  const Clock& clock_;
  mutable absl::Mutex mutex_;
  uint64_t next_number_ ABSL_GUARDED_BY(mutex_);
  uint64_t durable_bytes_ ABSL_GUARDED_BY(mutex_);
  absl::Status health_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace labyrinth::journal

#endif  // LABYRINTH_SERVICE_JOURNAL_FILE_JOURNAL_H_
