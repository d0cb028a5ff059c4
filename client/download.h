// The whole history, or one thread's, as one resumable stream (api semantics 10).
#ifndef LABYRINTH_CLIENT_DOWNLOAD_H_
#define LABYRINTH_CLIENT_DOWNLOAD_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "client/core.h"
#include "client/feed.h"
#include "client/message.h"

namespace labyrinth::client {

struct DownloadQuery {
  std::string thread_id = {};     // empty: the whole mailbox
  std::string resume_token = {};  // of an earlier batch, of any process; empty: from the beginning
};

// Exact: the totals are those of one moment, and done + vanished = total once `complete`.
struct DownloadProgress {
  uint64_t total_count = 0;
  uint64_t total_bytes = 0;  // of ciphertext
  uint64_t done_count = 0;   // over all resumed streams, the batch included
  uint64_t done_bytes = 0;
  // Deleted, expired or replaced before its turn: the feed after `as_of` tells of it. 0 before the end.
  uint64_t vanished_count = 0;
  uint64_t vanished_bytes = 0;
};

struct DownloadBatch {
  std::vector<HistoryMessage> messages;  // thread by thread, newest first; rows that fail a check are tampered
  DownloadProgress progress;
  FeedCursor as_of;          // where to follow the feed from once it is complete
  std::string resume_token;  // where to go on after these messages; empty once `complete`
  bool complete = false;
};

// Gives the history to `take`, batch by batch, on the calling thread. A stream that breaks goes on after the last
// batch, as often as it moves. OK after the complete batch. Errors: `take`'s own; PAGE_TOKEN_INVALID (the token is of
// another query or generation, or too old: begin anew); UNAVAILABLE or DEADLINE_EXCEEDED (go on later with the last
// token); DATA_LOSS where the server's totals contradict each other or its stream has no end.
absl::Status DownloadHistory(Core& core, const DownloadQuery& query,
                             absl::FunctionRef<absl::Status(const DownloadBatch&)> take);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_DOWNLOAD_H_
