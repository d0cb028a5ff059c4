// Which files of an interrupted import are saved already.
#ifndef LABYRINTH_CLIENT_TRANSFER_IMPORT_JOURNAL_H_
#define LABYRINTH_CLIENT_TRANSFER_IMPORT_JOURNAL_H_

#include <string>
#include <string_view>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace labyrinth::client {

// A text file of one line a finished message_N.json: a digest of its messages' ids. It only saves time: an import
// repeats without harm whatever the journal doesn't name, so it isn't synced, and a torn or foreign line is ignored. It
// says nothing about the messages, since the ids are keyed. Move-only; thread-compatible.
class ImportJournal {
 public:
  // Names nothing and writes nowhere.
  ImportJournal() = default;
  // Reads `path` if `resume`, else starts it anew. FAILED_PRECONDITION if the file can't be opened.
  static absl::StatusOr<ImportJournal> Open(const std::string& path, bool resume);

  ImportJournal(ImportJournal&& other) noexcept;
  ImportJournal& operator=(ImportJournal&& other) noexcept;
  ~ImportJournal();

  // `ids`: the message ids of one file, one after another.
  static std::string DigestOf(std::string_view ids);

  bool Contains(const std::string& digest) const { return finished_.contains(digest); }
  // FAILED_PRECONDITION if it can't be written.
  absl::Status Add(const std::string& digest);
  // Removes the file: the import is complete.
  void Finish();

 private:
  int file_ = -1;
  std::string path_;
  absl::flat_hash_set<std::string> finished_;
};

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_TRANSFER_IMPORT_JOURNAL_H_
