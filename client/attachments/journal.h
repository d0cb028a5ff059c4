// The profile's memory of uploads between their first byte and their reference.
#ifndef LABYRINTH_CLIENT_ATTACHMENTS_JOURNAL_H_
#define LABYRINTH_CLIENT_ATTACHMENTS_JOURNAL_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/attachments/journal_codec.h"
#include "client/private_file.h"

namespace labyrinth::client {

// The file `journal` in a private directory of its own. It holds content keys, as the keychain does, and is guarded as
// that is. Thread-compatible.
class AttachmentJournal {
 public:
  // Makes what is missing. FAILED_PRECONDITION for a directory or a file that isn't ours alone, or damaged.
  static absl::StatusOr<std::unique_ptr<AttachmentJournal>> Open(const std::string& directory);

  const std::vector<PendingAttachment>& pending() const { return pending_; }
  // Null if there is none.
  const PendingAttachment* Find(const crypto::AttachmentName& name) const;

  // Replaces the entry of that name, or adds one. OK means durable; after an error pending() is what the file has.
  absl::Status Put(PendingAttachment entry);
  // Removes the entry, and then its spooled ciphertext. OK if there is none.
  absl::Status Drop(const crypto::AttachmentName& name);

  // Where the ciphertext of an upload lies.
  std::string SpoolPath(const crypto::AttachmentName& name) const;

 private:
  AttachmentJournal(std::string path, PrivateDirectory directory)
      : path_(std::move(path)), directory_(std::move(directory)) {}
  absl::Status Load();
  absl::Status Write(std::vector<PendingAttachment> pending);
  // Ciphertext that no entry names: an interrupted spooling, or an entry that was dropped.
  absl::Status RemoveStrays() const;

  const std::string path_;
  PrivateDirectory directory_;
  std::vector<PendingAttachment> pending_;
};

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_ATTACHMENTS_JOURNAL_H_
