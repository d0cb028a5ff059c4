// Reads of a whole history, for restores and exports.
#ifndef LABYRINTH_SERVICE_MAILBOX_DOWNLOAD_READER_H_
#define LABYRINTH_SERVICE_MAILBOX_DOWNLOAD_READER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "common/clock.h"
#include "common/executor.h"
#include "crypto/primitives/hash.h"
#include "service/mailbox/directory_reader.h"
#include "service/mailbox/member_read.h"
#include "service/mailbox/message_view.h"
#include "service/mailbox/page_token.h"
#include "storage/engine.h"

namespace labyrinth::mailbox {

// How far a download has come, over all streams that it took.
struct DownloadProgress {
  uint64_t as_of = 0;  // the revision that it shows; 0: not begun
  uint64_t total_count = 0;
  uint64_t total_bytes = 0;  // of ciphertext
  uint64_t done_count = 0;
  uint64_t done_bytes = 0;
};

struct DownloadPart {
  std::vector<MessageView> messages;
  DownloadProgress progress;  // these included
  std::string resume_token;   // empty: this was the last part
  // What ReadAhead()'s `prepare` has made of it; null: it was read in its turn.
  std::shared_ptr<void> prepared;
};

// A part that was read before its turn, and the download after it.
struct PartAhead;
// One that is on its way.
class PartToCome;

// One stream of a download, as its reader sees it. Thread-compatible.
class Download {
 private:
  friend class DownloadReader;

  using ThreadIds = absl::flat_hash_map<uint32_t, std::string>;

  // Of the thread with this number; null: not known.
  const std::string* ThreadId(uint32_t number) const;
  // What the next part is made of.
  MemberReadRequest NextRead(absl::Time deadline) const;
  // Whether what it read is of the thread that was looked up.
  bool IsIn(const MemberView& view) const;

  Caller caller;
  std::string thread_id;  // empty: the whole mailbox
  crypto::Sha256Digest query;
  DownloadProgress progress;
  std::string last_key;        // of the last row that was looked at
  uint32_t thread_number = 0;  // of thread_id; 0: not looked up
  // Of the whole mailbox: ids of the threads from some number up to `threads_through`, and where to read on, if what is
  // known doesn't reach far enough (0: it does).
  std::shared_ptr<const ThreadIds> threads;
  uint32_t threads_from = 1;
  uint32_t threads_through = 0;
  std::shared_ptr<PartToCome> ahead;  // the next part; null: none was begun
};

// Only physical devices may read. A download shows the mailbox, or a thread, as it was at one moment, its first part's,
// less what has gone since: rows that were saved after that moment are passed over, those that were deleted, have
// expired or were replaced since are missing, and the feed after it tells of all of them. So a part is one engine read,
// and no snapshot is held between two. Messages come thread by thread, newest first, in parts of limits::kDownloadBytes
// at most; a part may be empty and not the last. Thread-safe; a copy does the same. Errors of MemberRead, and
// PAGE_TOKEN_INVALID.
class DownloadReader {
 public:
  // Makes something of a part, whose messages it may take. Called on any thread, perhaps for two parts at a time.
  using Prepare = std::function<std::shared_ptr<void>(DownloadPart&)>;

  // `executor` reads ahead.
  DownloadReader(storage::Engine& engine, const PageTokens& tokens, const Clock& clock, Executor& executor)
      : engine_(engine), tokens_(tokens), clock_(clock), executor_(executor) {}

  // `resume_token` is of an earlier stream's part over the same thread; empty: from the beginning. PAGE_TOKEN_INVALID.
  absl::StatusOr<Download> Open(const Caller& caller, std::string thread_id, const std::string& resume_token) const;

  // The next part, one at a time; `download` lives until it is there. Not to be called after the last. DATA_DAMAGED
  // also if there was more than the totals say.
  void Next(Download& download, absl::Time deadline, Reply<DownloadPart> done) const;

  // After each part that wasn't the last: reads and prepares the next two while this one is on its way, or goes on so.
  // Next() serves a part of them only if the mailbox stands at the same revision by then, as a read of that moment
  // says, and none of its messages has expired; so what it serves, and to whom, is as if it had been read then.
  // Anything else is read again.
  void ReadAhead(Download& download, absl::Time deadline, const Prepare& prepare) const;

 private:
  void FindThread(Download& download, absl::Time deadline, Reply<DownloadPart> done) const;
  void ReadPart(Download& download, absl::Time deadline, Reply<DownloadPart> done) const;
  void ConfirmAhead(Download& download, absl::Time deadline, PartAhead part, Reply<DownloadPart> done) const;
  // Begins the part that follows `download`.
  std::shared_ptr<PartToCome> BeginAhead(Download download, absl::Time deadline, Prepare prepare) const;
  absl::StatusOr<PartAhead> MakeAhead(Download after, MemberView& view, const Prepare& prepare) const;
  // The part that `view` shows; the download is after it then.
  absl::StatusOr<DownloadPart> TakePart(Download& download, MemberView& view) const;
  // True: there may be more.
  absl::StatusOr<bool> TakeRows(Download& download, MemberView& view, DownloadPart& part) const;
  absl::StatusOr<DownloadPart> Finish(const Download& download, bool more, DownloadPart part) const;

  storage::Engine& engine_;
  const PageTokens& tokens_;
  const Clock& clock_;
  Executor& executor_;
};

}  // namespace labyrinth::mailbox

#endif  // LABYRINTH_SERVICE_MAILBOX_DOWNLOAD_READER_H_
