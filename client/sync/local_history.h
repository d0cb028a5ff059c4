// A device's copy of the history, kept up to date by the change feed (api semantics 8 to 10).
//
//   auto local = LocalHistory::Open(*client);                      // StatusOr; `client` is a device
//   auto report = (*local)->Sync();                                // the first time: everything
//   for (const LocalChange& change : report->changes) Refresh(change.thread_id);
//   auto page = (*local)->ReadThread({.thread_id = "t", .limit = 50});   // from the copy: no network
//
// docs/CLIENT.md tells it at length.
#ifndef LABYRINTH_CLIENT_SYNC_LOCAL_HISTORY_H_
#define LABYRINTH_CLIENT_SYNC_LOCAL_HISTORY_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "client/client.h"
#include "client/sync/apply.h"
#include "client/sync/cache.h"

namespace labyrinth::client {

// A message that this device has and the server, restored from a backup, hasn't.
struct LackingMessage {
  std::string thread_id;
  std::string message_id;
  int64_t timestamp_ms = 0;
  bool older_version_there = false;  // the server has it, but as it was before an edit
  bool verified = true;              // false: written without an envelope, which can't be saved again as it was
};

struct SyncReport {
  // In the order in which they were applied. The first copy's messages aren't listed but counted.
  std::vector<LocalChange> changes;
  uint64_t first_copied = 0;  // messages of the first copy
  // Rows that this device refused; what stood in their place before stays. They are in Refused() until they are mended.
  std::vector<RefusedRow> tampering;
  bool resynced = false;  // the feed had forgotten: everything was compared
  bool restored = false;  // the server's store came back from a backup: see `lacking`
  // Not empty until SaveLacking or ForgetLacking was called.
  std::vector<LackingMessage> lacking;

  bool empty() const {
    return changes.empty() && first_copied == 0 && tampering.empty() && !resynced && !restored && lacking.empty();
  }
};

struct SaveLackingReport {
  uint64_t saved = 0;       // by this device, under the current epoch: it is their writer now
  uint64_t existing = 0;    // another device had brought them back
  uint64_t deleted = 0;     // deleted for everybody meanwhile: gone from the copy too
  uint64_t unverified = 0;  // left as they are: saving them would vouch for them
};

struct ThreadQuery {
  std::string thread_id = {};
  bool oldest_first = false;
  std::optional<CachePlace> after = {};  // `next` of the page before
  int limit = 50;
};

struct LocalPage {
  std::vector<HistoryMessage> messages;  // verified or foreign, never tampered
  std::optional<CachePlace> next;        // nullopt: that was the last page
};

// Messages of the first copy so far, and their total.
using SyncProgress = absl::FunctionRef<bool(const DownloadProgress&)>;

// One SQLite file in the profile and one of keys beside it, both of mode 0600: whoever has both can read everything.
// Each batch of the server's is applied in one transaction together with the place to go on from, so that a crash at
// any moment neither skips nor doubles a change; the next Sync goes on, also within the first copy. After a Sync
// without error the copy is the server's state as of that call, minus what was refused (and plus what is lacking
// there). The key of a message that was deleted, replaced or has expired is wiped, and its content gone with it; an
// expired one is never given out, whatever the clock does: time here is the latest that was ever seen.
//
// Errors of Sync besides the transport's: DATA_LOSS where the server's word contradicts itself, DEVICE_REVOKED, and the
// file's: DATA_LOSS (damaged), FAILED_PRECONDITION (disk full, other mailbox, newer format). After any error the copy
// is as the last applied batch left it, and the next report tells what was applied. Only a crash loses a report: after
// a start, read the copy.
//
// Reads may come from any thread at any time and wait for one batch at most. Sync, WatchForChanges, SaveLacking and
// ForgetLacking use the client, which takes one call at a time. Borrows the client.
class LocalHistory {
 public:
  // Opens or makes PROFILE/history.db; doesn't touch the network. FAILED_PRECONDITION: the profile is no device, or the
  // file is of another mailbox, written by a newer version, or open to others. DATA_LOSS: it is damaged. For all of
  // these but the first: Rebuild.
  static absl::StatusOr<std::unique_ptr<LocalHistory>> Open(LabyrinthClient& client);
  static absl::StatusOr<std::unique_ptr<LocalHistory>> OpenAt(LabyrinthClient& client, const std::string& path);
  // Removes the file, whatever is in it, and begins a new one: the next Sync copies everything. What only this copy had
  // (a store that was restored) is lost.
  static absl::StatusOr<std::unique_ptr<LocalHistory>> Rebuild(LabyrinthClient& client);
  // Removes the file: for a product that stops keeping a copy. Nothing may have it open.
  static absl::Status Erase(const LabyrinthClient& client);
  static absl::Status EraseAt(const std::string& path);

  // Brings the copy up to date. `progress` is asked after each batch of a download; false is CANCELLED, and the next
  // call goes on.
  absl::StatusOr<SyncReport> Sync(SyncProgress progress);
  absl::StatusOr<SyncReport> Sync();

  // Sync, and then what comes, as it comes, until `stop` (OK) or an error that waiting doesn't cure. A server that is
  // away isn't one: the watch comes back, with pauses up to 30 seconds, and goes on where it was. `callback` runs on
  // the calling thread after the changes are in the copy; it may read the copy, save and download through the client,
  // and use `stop`; it must not sync, watch, or make the profile another device. It isn't called with empty reports.
  absl::Status WatchForChanges(absl::FunctionRef<void(const SyncReport&)> callback, WatchStop& stop);

  // Saves what is lacking on the server again. What was lacking in its newest version replaces the older one.
  absl::StatusOr<SaveLackingReport> SaveLacking();
  // The server's state counts: what it hasn't got goes from the copy, what it has in an older version becomes that.
  absl::Status ForgetLacking();

  absl::StatusOr<LocalPage> ReadThread(const ThreadQuery& query);
  absl::StatusOr<std::optional<HistoryMessage>> Find(const std::string& message_id);
  // The newest message of every thread, newest thread first.
  absl::StatusOr<std::vector<HistoryMessage>> ListThreads();
  absl::StatusOr<std::vector<RefusedRow>> Refused();
  absl::StatusOr<uint64_t> CountMessages();
  // Where the copy stands in the feed; generation 0: nowhere yet.
  FeedCursor cursor();

 private:
  LocalHistory(LabyrinthClient& client, std::unique_ptr<Cache> cache) : client_(client), cache_(std::move(cache)) {}

  absl::Status CatchUp(SyncProgress progress, SyncReport& report);
  absl::Status BeginDownload();
  absl::Status Download(SyncProgress progress, SyncReport& report);
  absl::Status ApplyDownload(const DownloadBatch& batch, SyncReport& report);
  absl::Status Follow(SyncReport& report);
  absl::Status ApplyChanges(ChangeBatch batch, SyncReport& report);
  absl::Status FetchLeftOut(ChangeBatch& batch);
  absl::Status Complete(SyncReport& report);
  absl::Status Settle(const std::vector<std::string>& ids, const SaveReport& saved, SaveLackingReport& report);

  int64_t Now() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Removes what has expired, if anything; its changes wait for the next report.
  absl::Status Expire() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // One transaction. `applied` says what was committed, also where only the scrubbing after it failed.
  absl::Status Apply(bool restoring, absl::FunctionRef<absl::Status(Applier&)> work, Applied& applied)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  LabyrinthClient& client_;
  SyncReport unreported_;  // of calls that ended with an error
  absl::Mutex mutex_;
  const std::unique_ptr<Cache> cache_ ABSL_PT_GUARDED_BY(mutex_);
  int64_t seen_ms_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<LocalChange> expired_ ABSL_GUARDED_BY(mutex_);  // not reported yet
};

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_SYNC_LOCAL_HISTORY_H_
