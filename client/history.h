// Saving and reading messages (protocol section 6).
#ifndef LABYRINTH_CLIENT_HISTORY_H_
#define LABYRINTH_CLIENT_HISTORY_H_

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/core.h"
#include "client/message.h"
#include "client/readers.h"
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
  // Open an epoch where the server demands one (ROTATION_REQUIRED). If not, that error is the caller's.
  bool may_rotate = true;
};

enum class SaveOutcome { kCreated, kUnchanged, kKeptExisting, kReplaced, kWasDeleted };

struct SaveReport {
  uint64_t revision = 0;
  std::vector<SaveOutcome> outcomes;  // one per message, in order
  EpochId epoch_id;                   // that the batch was encrypted under
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

  // Ids for imported messages, under a key that every member derives from the first epoch (section 6): importing twice,
  // or from two devices, doubles nothing.
  absl::StatusOr<crypto::ImportIds> ImportIds();

 private:
  absl::StatusOr<SaveReport> SaveUnderNewest(std::span<const NewMessage> messages, uint64_t first_number,
                                             OnConflict on_conflict);
  absl::StatusOr<uint64_t> TakeChangeNumbers(uint64_t count);

  Core& core_;
  uint64_t next_number_ = 0;
  uint64_t number_limit_ = 0;  // reserved on disk up to here, exclusive
  DeviceId numbers_of_;        // the enrolment that they belong to
};

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_HISTORY_H_
