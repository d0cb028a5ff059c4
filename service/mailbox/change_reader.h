// Reads of the change feed: what happened in a mailbox after a cursor.
#ifndef LABYRINTH_SERVICE_MAILBOX_CHANGE_READER_H_
#define LABYRINTH_SERVICE_MAILBOX_CHANGE_READER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.h"
#include "common/ids.h"
#include "service/mailbox/directory_reader.h"
#include "service/mailbox/member_read.h"
#include "service/mailbox/message_view.h"
#include "storage/engine.h"

namespace labyrinth::mailbox {

// A place in the feed. Generations change when a backup is restored.
struct FeedCursor {
  uint64_t generation = 0;
  uint64_t revision = 0;
};

// One thing that a commit did.
struct ChangeEntry {
  storage_v1::ChangeKind kind = storage_v1::CHANGE_KIND_UNSPECIFIED;
  std::string thread_id;               // SAVED, REPLACED
  std::string message_id;              // SAVED, REPLACED, DELETED, EXPIRED
  int64_t timestamp_ms = 0;            // SAVED, REPLACED
  DeviceId device_id;                  // DEVICE_*
  EpochId epoch_id;                    // EPOCH_OPENED
  DeviceId by_device_id;               // invalid: no device's
  std::optional<MessageView> message;  // SAVED, REPLACED, if asked for; may be left out
};

// One commit.
struct Change {
  uint64_t revision = 0;
  std::vector<ChangeEntry> entries;
};

struct ChangeQuery {
  FeedCursor since;  // exclusive
  bool include_messages = false;
  uint32_t max_changes = 0;  // 1 to limits::kChanges
};

struct ChangePage {
  std::vector<Change> changes;  // ascending; none is without entries
  uint64_t next = 0;            // where the next page goes on; equals `head` at the end, and only there
  uint64_t head = 0;            // where the mailbox stood when the feed was read
};

// Only physical devices may read. Two steps: the feed's rows are read, then what they lead to. Rows tell what has
// happened up to `head`; messages are as they are at the second step, and one that has gone by then, has expired, or
// was replaced later than its row says isn't reported. A later row tells: at or below `head`, or beyond it if that
// happened between the two steps, and then a page after this one has it. So whoever applies page after page misses
// nothing.
//
// A page ends early, at the end of a change, before it leads to more than limits::kChangeMessageBytes of rows; within
// its first change it leaves messages out instead. Thread-safe; calls back once. Errors of MemberRead (at either step),
// then STORE_RESTORED, INVALID_FIELD (a cursor beyond the head), RESYNC_REQUIRED.
class ChangeReader {
 public:
  ChangeReader(storage::Engine& engine, uint64_t generation, const Clock& clock)
      : engine_(engine), generation_(generation), clock_(clock) {}

  void ListChanges(const Caller& caller, const ChangeQuery& query, absl::Time deadline, Reply<ChangePage> done) const;

 private:
  struct Walk;

  absl::Status CheckCursor(const FeedCursor& since, const MemberView& view) const;
  // Some leads at a time, until all were followed or the page is full.
  void Follow(std::unique_ptr<Walk> walk) const;

  storage::Engine& engine_;
  const uint64_t generation_;
  const Clock& clock_;
};

}  // namespace labyrinth::mailbox

#endif  // LABYRINTH_SERVICE_MAILBOX_CHANGE_READER_H_
