// Scans that go on where a token left off.
#ifndef LABYRINTH_SERVICE_MAILBOX_PAGING_H_
#define LABYRINTH_SERVICE_MAILBOX_PAGING_H_

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "common/limits.h"
#include "storage/engine.h"
#include "storage/schema.h"

namespace labyrinth::mailbox {

// A scan of `range` in `direction`, beyond `last_key` (empty, or forward and before the range: from the start). An
// empty range, which no engine accepts, can't come of a key in the range, because the row after any key is a longer
// key.
inline storage::Scan ScanFrom(storage::keys::Range range, storage::Direction direction, std::string_view last_key,
                              uint32_t items) {
  storage::Scan scan;
  scan.begin = std::move(range.begin);
  scan.end = std::move(range.end);
  scan.direction = direction;
  scan.max_items = items;
  scan.max_bytes = limits::kPageBytes;
  if (last_key.empty()) return scan;
  if (direction == storage::Direction::kForward) {
    scan.begin = std::max(scan.begin, std::string(last_key) + '\0');
  } else {
    scan.end = std::string(last_key);
  }
  return scan;
}

// Where the next page goes on: the last row's key, or empty at the end.
inline std::string_view LastKey(const storage::Page& page) {
  return page.more && !page.items.empty() ? page.items.back().key : std::string_view();
}

}  // namespace labyrinth::mailbox

#endif  // LABYRINTH_SERVICE_MAILBOX_PAGING_H_
