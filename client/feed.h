// The mailbox's change feed as the library gives it (api semantics 5 and 9).
#ifndef LABYRINTH_CLIENT_FEED_H_
#define LABYRINTH_CLIENT_FEED_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/core.h"
#include "client/message.h"
#include "common/ids.h"
#include "proto/labyrinth/v1/history.pb.h"

namespace labyrinth::client {

// A place in the feed, in the order of commits, which is never that of message times. {generation, 0} is the mailbox's
// beginning; the generation changes when the server's store is restored from a backup.
struct FeedCursor {
  uint64_t generation = 0;
  uint64_t revision = 0;

  friend bool operator==(const FeedCursor&, const FeedCursor&) = default;
};

enum class ChangeKind {
  kSaved,
  kReplaced,
  kDeleted,
  kExpired,
  kDeviceAdded,
  kDeviceRevoked,
  kEpochOpened,
};

// One thing that happened. All of it is the server's word, except a `message` that is verified: who is a member says
// the membership log (devices()), never this.
struct HistoryChange {
  ChangeKind kind = ChangeKind::kSaved;
  std::string thread_id;     // kSaved, kReplaced
  std::string message_id;    // of the four kinds that concern a message
  int64_t timestamp_ms = 0;  // kSaved, kReplaced: the message's own time
  DeviceId device_id;        // kDevice*
  EpochId epoch_id;          // kEpochOpened
  DeviceId by_device_id;     // kDeleted, kDevice*, kEpochOpened: whose call it was; zero: no device's
  // kSaved, kReplaced, where asked for: the message as it is now. Absent beyond the size of one response: GetMessages.
  std::optional<HistoryMessage> message;
};

// Everything that one commit of the server did; never split.
struct Commit {
  uint64_t revision = 0;
  std::vector<HistoryChange> changes;
};

struct ChangeBatch {
  std::vector<Commit> commits;  // ascending, after the cursor that was asked from
  FeedCursor next;              // to be kept once these are applied
  FeedCursor head;              // where the mailbox stood; equal to `next`: there is no more for now
};

// Checks a response of the feed that was asked from `since` and opens its messages. Moves them out of `response`.
// DATA_LOSS for a feed that runs backward, leaves its generation, or names nothing where it must. Kinds that this
// program doesn't know are left out.
absl::StatusOr<ChangeBatch> OpenChanges(Core& core, const FeedCursor& since, v1::ListChangesResponse& response);
absl::StatusOr<ChangeBatch> OpenChanges(Core& core, const FeedCursor& since, v1::WatchResponse& response);

void ToProto(const FeedCursor& cursor, v1::Cursor& out);
FeedCursor FromProto(const v1::Cursor& cursor);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_FEED_H_
