// Stored messages as readers hand them out.
#ifndef LABYRINTH_SERVICE_MAILBOX_MESSAGE_VIEW_H_
#define LABYRINTH_SERVICE_MAILBOX_MESSAGE_VIEW_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "proto/storage/v1/records.pb.h"
#include "storage/schema.h"

namespace labyrinth::mailbox {

// A stored message and where it stands.
struct MessageView {
  std::string thread_id;
  storage::Place place;
  storage_v1::MessageRecord record;

  uint64_t revision() const { return record.replace_revision() != 0 ? record.replace_revision() : place.revision; }
};

// Beyond every timestamp.
inline constexpr int64_t kEndOfTime = int64_t{1} << 48;

// Rows that are read at a time where something else leads to them: 12 MiB at most.
inline constexpr std::size_t kRowsPerRead = 48;

// Whether the message has gone, swept or not: by the greater of the two times, so that nothing comes back when the
// clock steps backward.
inline bool IsExpired(const storage_v1::MailboxHead& head, const storage_v1::MessageRecord& record, int64_t now_ms) {
  return record.expire_ms() != 0 && record.expire_ms() <= std::max(now_ms, head.expired_through_ms());
}

}  // namespace labyrinth::mailbox

#endif  // LABYRINTH_SERVICE_MAILBOX_MESSAGE_VIEW_H_
