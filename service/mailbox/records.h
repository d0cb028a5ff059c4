// Stored records, read with a check.
#ifndef LABYRINTH_SERVICE_MAILBOX_RECORDS_H_
#define LABYRINTH_SERVICE_MAILBOX_RECORDS_H_

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/errors.h"
#include "proto/storage/v1/records.pb.h"
#include "storage/schema.h"

namespace labyrinth::mailbox {

// DATA_DAMAGED, naming the kind of record, if `bytes` isn't one.
template <typename Record>
absl::StatusOr<Record> ParseRecord(std::string_view bytes) {
  Record record;
  if (!record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return errors::DataDamaged(Record::descriptor()->name());
  }
  return record;
}

// The head, whose version says how to read all the rest. DATA_DAMAGED also for another version than ours.
inline absl::StatusOr<storage_v1::MailboxHead> ParseHead(std::string_view bytes) {
  absl::StatusOr<storage_v1::MailboxHead> head = ParseRecord<storage_v1::MailboxHead>(bytes);
  if (head.ok() && head->version() != storage::kSchemaVersion) return errors::DataDamaged("MailboxHead.version");
  return head;
}

// Whether a message that expires at `expire_ms` (0: never) is gone, swept or not: by the greater of clock and mark, so
// that nothing comes back when the clock steps backward.
inline bool IsExpired(int64_t expire_ms, const storage_v1::MailboxHead& head, int64_t now_ms) {
  return expire_ms != 0 && expire_ms <= std::max(now_ms, head.expired_through_ms());
}

inline storage::Place FromRecord(const storage_v1::Place& place) {
  return {place.timestamp_ms(), place.revision(), place.ordinal()};
}

inline void ToRecord(const storage::Place& place, storage_v1::Place* record) {
  record->set_timestamp_ms(place.timestamp_ms);
  record->set_revision(place.revision);
  record->set_ordinal(place.ordinal);
}

}  // namespace labyrinth::mailbox

#endif  // LABYRINTH_SERVICE_MAILBOX_RECORDS_H_
