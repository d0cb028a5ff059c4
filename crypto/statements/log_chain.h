// Where a membership log stands, and whether an entry is the next one (protocol section 8).
#ifndef LABYRINTH_CRYPTO_STATEMENTS_LOG_CHAIN_H_
#define LABYRINTH_CRYPTO_STATEMENTS_LOG_CHAIN_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "crypto/statements/log_entry.h"

namespace labyrinth::crypto {

// Whose log it is. A client takes the server's name from its own configuration, never from a reply.
struct LogNames {
  std::string server_name;
  std::string account_id;
};

// A log of `length` entries that ends in `head`: zero and zeros before the first. Value type.
struct LogPosition {
  uint64_t length = 0;
  LogHead head;

  // The last entry's index; only where length > 0.
  uint64_t last_index() const { return length - 1; }
  friend bool operator==(const LogPosition&, const LogPosition&) = default;
};

// The pure check of one entry against the end of a log: names, then index, then previous head. LOG_STALE (with the last
// index and head) for an index or head that isn't the next one; INVALID_FIELD "log_entry.server_name" or
// "log_entry.account_id" for another log's names.
absl::Status CheckPosition(const LogEntry& entry, const LogPosition& position, const LogNames& names);

// The position after `entry`, which passed CheckPosition.
LogPosition Advance(const LogPosition& position, const SignedLogEntry& entry);

}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_STATEMENTS_LOG_CHAIN_H_
