// Reads of messages. The cost of a page depends on its size, never on the mailbox's.
#ifndef LABYRINTH_SERVICE_MAILBOX_HISTORY_READER_H_
#define LABYRINTH_SERVICE_MAILBOX_HISTORY_READER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/clock.h"
#include "service/mailbox/directory_reader.h"
#include "service/mailbox/member_read.h"
#include "service/mailbox/page_token.h"
#include "storage/engine.h"
#include "storage/schema.h"

namespace labyrinth::mailbox {

// A stored message and where it stands.
struct MessageView {
  std::string thread_id;
  storage::Place place;
  storage_v1::MessageRecord record;

  uint64_t revision() const { return record.replace_revision() != 0 ? record.replace_revision() : place.revision; }
};

struct MessagePage {
  std::vector<MessageView> messages;
  std::string next_token;
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

// Only physical devices may read. Expired messages are never returned, swept or not. Thread-safe; every method calls back
// once. Errors of MemberRead, and PAGE_TOKEN_INVALID.
class HistoryReader {
 public:
  HistoryReader(storage::Engine& engine, const PageTokens& tokens, const Clock& clock)
      : engine_(engine), tokens_(tokens), clock_(clock) {}

  void ListMessages(const Caller& caller, const MessageQuery& query, PageRequest page, absl::Time deadline,
                    Reply<MessagePage> done) const;
  // The newest live message of each thread, newest thread first. A thread whose newest messages have expired stands at
  // their place until they are swept, and is left out if its 32 newest have.
  void ListThreads(const Caller& caller, PageRequest page, absl::Time deadline, Reply<MessagePage> done) const;
  void BatchGet(const Caller& caller, std::vector<std::string> message_ids, absl::Time deadline,
                Reply<MessagesById> done) const;

 private:
  // Which row to fetch, as an index names it.
  struct Wanted {
    uint32_t thread_number = 0;
    storage::Place place;
  };
  // What came of it: nullopt if the row has gone since, or has expired.
  struct Fetched {
    std::vector<std::optional<MessageView>> rows;  // in the order wanted
    storage::Position as_of;
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

  void ListThread(Walk walk, Reply<MessagePage> done) const;
  void ListMailbox(Walk walk, Reply<MessagePage> done) const;
  void Fetch(const Walk& walk, std::vector<Wanted> wanted, Reply<Fetched> done) const;
  // For threads whose newest message has expired: the newest that hasn't.
  void FillLive(const Walk& walk, std::vector<Wanted> wanted, Fetched fetched, Reply<Fetched> done) const;
  absl::StatusOr<Fetched> ToFetched(const MemberView& view, const std::vector<Wanted>& wanted) const;
  absl::StatusOr<std::vector<MessageView>> ToMessages(const MemberView& view, const storage::Page& rows,
                                                      const std::string& thread_id) const;
  bool IsExpired(const storage_v1::MailboxHead& head, const storage_v1::MessageRecord& record) const;
  // The token that follows `rows`, sealed into `page`.
  absl::Status SetNextToken(const Walk& walk, const storage::Page& rows, MessagePage& page) const;

  storage::Engine& engine_;
  const PageTokens& tokens_;
  const Clock& clock_;
};

}  // namespace labyrinth::mailbox

#endif  // LABYRINTH_SERVICE_MAILBOX_HISTORY_READER_H_
