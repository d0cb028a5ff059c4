// Saving, reading, deleting and following messages (protocol section 6; api semantics 1 to 10).
#ifndef LABYRINTH_CLIENT_HISTORY_H_
#define LABYRINTH_CLIENT_HISTORY_H_

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/core.h"
#include "client/delete.h"
#include "client/download.h"
#include "client/feed.h"
#include "client/message.h"
#include "client/readers.h"
#include "client/rotation.h"
#include "client/watch.h"
#include "common/ids.h"
#include "crypto/labyrinth/import_ids.h"

namespace labyrinth::client {

// What to do where the server has another ciphertext under the same message id.
enum class OnConflict {
  kKeepExisting,  // the stored one stays: two devices that received the same message both save it
  kReject,        // the whole batch is refused with MESSAGE_CONFLICT
  kReplace,       // an edit: the new one takes the old one's place in the order
};

struct SaveOptions {
  OnConflict on_conflict = OnConflict::kKeepExisting;
  // Open an epoch where the server demands one (ROTATION_REQUIRED) or the rotation policy does. If not, that error is
  // the caller's, and the policy waits.
  bool may_rotate = true;
};

enum class SaveOutcome { kCreated, kUnchanged, kKeptExisting, kReplaced, kWasDeleted };

struct SaveReport {
  uint64_t revision = 0;
  std::vector<SaveOutcome> outcomes;  // one per message, in order
  EpochId epoch_id;                   // that the batch was encrypted under
  // The fresh epoch that the save had to open first, or that the rotation policy asked for; to be shown to the user.
  std::optional<RotationReport> rotation = std::nullopt;
};

struct BatchGetResult {
  std::vector<HistoryMessage> messages;  // in no particular order
  std::vector<std::string> missing_message_ids;
};

// Thread-compatible; borrows the core.
class History {
 public:
  explicit History(Core& core) : core_(core) {}

  // Encrypts and saves one batch: 1 to limits::kSaveBatchMessages messages of together at most limits::kSaveBatchBytes
  // of ciphertext, all or none. OK means durable. Where another member opened an epoch meanwhile, chains to it,
  // encrypts again and retries. INVALID_ARGUMENT for messages out of bounds, before anything is sent.
  absl::StatusOr<SaveReport> Save(std::span<const NewMessage> messages, const SaveOptions& options = {});
  absl::StatusOr<SaveReport> Save(std::initializer_list<NewMessage> messages, const SaveOptions& options = {});

  // Saves any number in batches, in order; each batch is atomic, the whole isn't. On an error, `outcomes` of earlier
  // batches are lost but their messages are saved: call again with the same messages, which changes nothing twice.
  absl::StatusOr<SaveReport> SaveAll(std::span<const NewMessage> messages, const SaveOptions& options = {});

  // Walks: nothing is fetched before the first NextPage.
  MessageReader ListMessages(MessageQuery query);
  ThreadReader ListThreads();

  // Any number of ids, asked for in batches; duplicates are asked for once.
  absl::StatusOr<BatchGetResult> GetMessages(std::span<const std::string> message_ids);

  // Deletes any number of messages for every device, in batches. Each leaves a tombstone for 90 days, so that a device
  // that was away can't bring it back. Idempotent; ids that are gone or were never there are no error. Attachments of
  // theirs become unreachable at once; Attachments::Delete also lets go of their bytes.
  absl::StatusOr<DeleteReport> Delete(std::span<const std::string> message_ids);

  // Everything, with exact totals: see download.h.
  absl::Status Download(const DownloadQuery& query, absl::FunctionRef<absl::Status(const DownloadBatch&)> take);

  // What happened after `since`: one batch, the end of which `next` and `head` tell. Errors: RESYNC_REQUIRED (the feed
  // doesn't reach back that far: Download, then go on from its as_of), STORE_RESTORED (the cursor is of another
  // generation), INVALID_FIELD (beyond the head), DATA_LOSS (feed.h). client/sync keeps a copy of the history by these.
  absl::StatusOr<ChangeBatch> Changes(const FeedCursor& since, bool include_messages = true);
  // Where the feed ends now.
  absl::StatusOr<FeedCursor> Head();
  // Goes on for as long as it is let: see watch.h.
  absl::Status Watch(const FeedCursor& since, bool include_messages,
                     absl::FunctionRef<absl::Status(const ChangeBatch&)> take, WatchStop& stop);

  // Ids for imported messages, under a key that every member derives from the first epoch (section 6): importing twice,
  // or from two devices, doubles nothing.
  absl::StatusOr<crypto::ImportIds> ImportIds();

 private:
  absl::StatusOr<SaveReport> SaveUnderNewest(std::span<const NewMessage> messages, uint64_t first_number,
                                             OnConflict on_conflict);
  absl::StatusOr<uint64_t> TakeChangeNumbers(uint64_t count);
  absl::Status NoteWriting();

  Core& core_;
  uint64_t next_number_ = 0;
  uint64_t number_limit_ = 0;  // reserved on disk up to here, exclusive
  DeviceId numbers_of_;        // the enrolment that they belong to
};

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_HISTORY_H_
