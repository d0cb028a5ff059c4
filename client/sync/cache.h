// The tables of a device's copy of the history. No rule about what may enter it lives here: see apply.h.
#ifndef LABYRINTH_CLIENT_SYNC_CACHE_H_
#define LABYRINTH_CLIENT_SYNC_CACHE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/feed.h"
#include "client/message.h"
#include "client/sync/database.h"
#include "client/sync/key_slots.h"
#include "common/ids.h"

namespace labyrinth::client {

enum class CachePhase : int64_t {
  kEmpty = 0,        // nothing was asked yet
  kDownloading = 1,  // the first copy, or a new one over an old one
  kFollowing = 2,    // complete as of `cursor`
};

// One row; changed in the same transaction as the messages that it speaks of.
struct CacheState {
  CachePhase phase = CachePhase::kEmpty;
  FeedCursor cursor;         // of the last complete copy, with what was followed since; generation 0: none yet
  FeedCursor as_of;          // of the download that is under way
  std::string resume_token;  // of the same
  int64_t round = 0;         // counts downloads: a row of an older round was not in this one
  int64_t seen_ms = 0;       // the latest time ever seen: expiry doesn't go back with the clock
};

// What the server hasn't got, or got only in an older version, after its store came back from a backup.
enum class Lacking : int64_t { kNothing = 0, kAll = 1, kNewest = 2 };

// Where a row stands in its thread, after its time: the order of the server.
struct CachePlace {
  int64_t timestamp_ms = 0;
  int64_t revision = 0;  // of the commit, or of the download's moment
  int64_t index = 0;     // in the commit; in a download, negative, since it comes newest first
};

struct CacheRow {
  HistoryMessage message;  // verified or foreign, never tampered
  CachePlace place;
  int64_t round = 0;
  Lacking lacking = Lacking::kNothing;
};

struct RefusedRow {
  std::string thread_id;
  std::string message_id;
  Tampering kind = Tampering::kUndecryptable;
};

// Methods that write run inside a Transaction of database(), which Commit ends well and RolledBack otherwise; then
// comes WipeRemoved. Contents are sealed in the database, each under a key of its own beside it (PATH-keys), and gone
// with the key. Errors are the Database's. Thread-compatible; borrows the source of randomness.
class Cache {
 public:
  static constexpr int kFormat = 1;

  // FAILED_PRECONDITION: written by a newer program, or of another mailbox. DATA_LOSS: damaged.
  static absl::StatusOr<std::unique_ptr<Cache>> Open(const std::string& path, const MailboxId& mailbox_id,
                                                     RandomSource& random);
  static absl::Status Erase(const std::string& path);

  Database& database() { return *database_; }
  const CacheState& state() const { return state_; }
  absl::Status SetState(const CacheState& state);
  absl::Status Commit(Transaction& transaction);
  // `state`: as it was before the transaction, which is over.
  void RolledBack(const CacheState& state);
  // What the last commits removed can't be read any more once this is OK.
  absl::Status WipeRemoved();

  absl::StatusOr<std::optional<CacheRow>> Find(const std::string& message_id);
  absl::Status Put(const CacheRow& row);
  // All but the content, which is the same.
  absl::Status Touch(const CacheRow& row);
  absl::Status SetLacking(const std::string& message_id, Lacking lacking);
  absl::StatusOr<bool> Remove(const std::string& message_id);
  absl::Status Clear();

  absl::Status PutRefused(const RefusedRow& row);
  absl::Status RemoveRefused(const std::string& message_id);
  // Of the rounds before.
  absl::Status RemoveRefusedBefore(int64_t round);

  // At most `limit` rows; `place` and `round` are set.
  absl::StatusOr<std::vector<CacheRow>> ExpiredBy(int64_t now_ms, int limit);
  absl::StatusOr<std::vector<CacheRow>> NotInRound(int64_t round, int limit);
  absl::StatusOr<std::vector<CacheRow>> ListLacking();
  absl::StatusOr<std::vector<RefusedRow>> ListRefused();
  // Of one thread, from `after` on, exclusive.
  absl::StatusOr<std::vector<CacheRow>> ListThread(const std::string& thread_id, bool oldest_first,
                                                   const std::optional<CachePlace>& after, int limit);
  // The newest row of each thread, newest first.
  absl::StatusOr<std::vector<CacheRow>> ListNewest();
  absl::StatusOr<uint64_t> Count();

 private:
  Cache(std::unique_ptr<Database> database, std::unique_ptr<KeySlots> keys)
      : database_(std::move(database)), keys_(std::move(keys)) {}
  absl::Status Prepare(const MailboxId& mailbox_id);
  absl::Status LoadState();
  absl::Status LoadKeys();
  absl::StatusOr<CacheRow> RowAt(const Query& query) const;
  absl::StatusOr<std::vector<CacheRow>> RowsOf(Query& query) const;

  std::unique_ptr<Database> database_;
  const std::unique_ptr<KeySlots> keys_;
  CacheState state_;
  std::vector<int64_t> added_;    // slots of the transaction under way
  std::vector<int64_t> dropped_;  // as above, whose rows it removed
  std::vector<int64_t> to_wipe_;
};

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_SYNC_CACHE_H_
