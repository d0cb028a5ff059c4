#include "crypto/statements/log_chain.h"

#include "common/errors.h"

namespace labyrinth::crypto {

absl::Status CheckPosition(const LogEntry& entry, const LogPosition& position, const LogNames& names) {
  if (entry.server_name != names.server_name) {
    return errors::InvalidField("log_entry.server_name", "is another server's");
  }
  if (entry.account_id != names.account_id) {
    return errors::InvalidField("log_entry.account_id", "is another account's");
  }
  if (entry.index != position.length || entry.previous_head != position.head) {
    return errors::LogStale(position.length == 0 ? 0 : position.last_index(), position.head.view());
  }
  return absl::OkStatus();
}

LogPosition Advance(const LogPosition& position, const SignedLogEntry& entry) {
  return {position.length + 1, entry.Head()};
}

}  // namespace labyrinth::crypto
