// Stored messages as readers hand them out.
#ifndef LABYRINTH_SERVICE_MAILBOX_MESSAGE_VIEW_H_
#define LABYRINTH_SERVICE_MAILBOX_MESSAGE_VIEW_H_

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

}  // namespace labyrinth::mailbox

#endif  // LABYRINTH_SERVICE_MAILBOX_MESSAGE_VIEW_H_
