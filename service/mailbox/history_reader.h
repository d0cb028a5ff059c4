// Reads of messages. The cost of a page depends on its size, never on the mailbox's.
#ifndef LABYRINTH_SERVICE_MAILBOX_HISTORY_READER_H_
#define LABYRINTH_SERVICE_MAILBOX_HISTORY_READER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.h"
#include "service/mailbox/directory_reader.h"
#include "service/mailbox/member_read.h"
#include "service/mailbox/message_view.h"
#include "service/mailbox/page_token.h"
#include "storage/engine.h"
#include "storage/schema.h"

namespace labyrinth::mailbox {

struct MessagePage {
  std::vector<MessageView> messages;
  std::string next_token;
  // Whatever changed after this moment is in the change feed after it: the moment at which the index was read.
  storage::Position as_of;
};

struct MessageQuery {
  std::string thread_id;  // empty: the whole mailbox
  int64_t start_ms = 0;   // inclusive
  int64_t end_ms = 0;     // exclusive, above start_ms, at most 2^48
  bool newest_first = true;
};

struct MessagesById {
  std::vector<MessageView> messages;
  std::vector<std::string> missing_ids;
};

// Only physical devices may read. Expired messages are never returned, swept or not. A page holds limits::kPageBytes of
// ciphertext at most, and reads little more. Thread-safe; every method calls back once. Errors of MemberRead, and
// PAGE_TOKEN_INVALID.
class HistoryReader {
 public:
  HistoryReader(storage::Engine& engine, const PageTokens& tokens, const Clock& clock)
      : engine_(engine), tokens_(tokens), clock_(clock) {}

  void ListMessages(const Caller& caller, const MessageQuery& query, PageRequest page, absl::Time deadline,
                    Reply<MessagePage> done) const;
  // The newest live message of each thread, newest thread first. A thread whose newest messages have expired stands at
  // their place until they are swept, and is left out if its 32 newest have (fewer, where those are large).
  void ListThreads(const Caller& caller, PageRequest page, absl::Time deadline, Reply<MessagePage> done) const;
  // What doesn't fit into a page is among the missing.
  void BatchGet(const Caller& caller, std::vector<std::string> message_ids, absl::Time deadline,
                Reply<MessagesById> done) const;

 private:
  // Which row to fetch, as an index names it.
  struct Wanted {
    uint32_t thread_number = 0;
    storage::Place place;
  };
  // One query on its way: what its steps share.
  struct Walk {
    Caller caller;
    MessageQuery query;
    crypto::Sha256Digest hash;
    std::string last_key;
    uint32_t size = 0;
    absl::Time deadline;
  };
  // What became of each row wanted: nullopt if it has gone since, or has expired. Only the first so many of them, if
  // all would be more than a page may hold.
  using Rows = std::vector<std::optional<MessageView>>;
  struct Fetching;

  void ListThread(Walk walk, Reply<MessagePage> done) const;
  void ListMailbox(Walk walk, Reply<MessagePage> done) const;
  // The page of what `index`, which was read in `view`, leads to. `look_back`: for a row that has gone or has expired,
  // its thread's newest that hasn't.
  void ListIndexed(Walk walk, std::vector<Wanted> wanted, MemberView view, bool look_back,
                   Reply<MessagePage> done) const;
  // Some rows at a time, until all were read or the page is full.
  void Fetch(std::unique_ptr<Fetching> fetching) const;
  void LookBack(std::unique_ptr<Fetching> fetching, std::vector<Wanted> wanted, Rows rows) const;
  void AddRows(std::unique_ptr<Fetching> fetching, Rows rows) const;
  // Takes the rows' values out of what was read.
  absl::StatusOr<Rows> TakeRows(MemberView& view, const storage::Position& index_at,
                                const std::vector<Wanted>& wanted) const;
  absl::StatusOr<std::vector<MessageView>> ViewMessages(const MemberView& view, const storage::Page& rows,
                                                        const std::string& thread_id) const;
  // The token that follows the first `taken` of `rows`, sealed into `page`.
  absl::Status SetNextToken(const Walk& walk, const storage::Page& rows, std::size_t taken, MessagePage& page) const;

  storage::Engine& engine_;
  const PageTokens& tokens_;
  const Clock& clock_;
};

}  // namespace labyrinth::mailbox

#endif  // LABYRINTH_SERVICE_MAILBOX_HISTORY_READER_H_
