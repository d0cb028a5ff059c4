// Walking the history page by page (protocol section 6; api semantics 7 and 8).
#ifndef LABYRINTH_CLIENT_READERS_H_
#define LABYRINTH_CLIENT_READERS_H_

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/core.h"
#include "client/message.h"
#include "client/page_walk.h"

namespace labyrinth::client {

struct MessageQuery {
  std::string thread_id = {};  // empty: the whole mailbox
  int64_t start_ms = 0;        // inclusive
  int64_t end_ms = 0;          // exclusive; 0: no upper bound
  bool oldest_first = false;
  uint32_t page_size = 0;  // 0: the server's default
};

// One walk over a range. Every row is decrypted and compared with its envelope, and with the query and the order that
// the walk promises: a row that fails is in the page as tampered, in its place. Thread-compatible; borrows the core.
class MessageReader {
 public:
  MessageReader(Core& core, MessageQuery query) : core_(core), query_(std::move(query)) {}

  // The next rows; may be empty only together with done(). DATA_LOSS if the server's paging never ends (a token twice,
  // or empty pages on end). After an error the walk may be continued by calling again: the failed page is asked for
  // anew.
  absl::StatusOr<std::vector<HistoryMessage>> NextPage();
  bool done() const { return walk_.done(); }

 private:
  HistoryMessage CheckPlace(HistoryMessage message);

  Core& core_;
  MessageQuery query_;
  PageWalk walk_;
  bool any_ = false;
  int64_t last_timestamp_ms_ = 0;
  std::set<std::string> ids_at_last_timestamp_;
};

// The newest message of every thread, newest thread first.
class ThreadReader {
 public:
  explicit ThreadReader(Core& core) : core_(core) {}

  // As MessageReader::NextPage; a thread listed twice in one walk is tampered with as kDuplicate.
  absl::StatusOr<std::vector<HistoryMessage>> NextPage();
  bool done() const { return walk_.done(); }

 private:
  Core& core_;
  PageWalk walk_;
  std::set<std::string> threads_;
};

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_READERS_H_
