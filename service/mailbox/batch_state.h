// What a batch of operations decides on: one consistent read of a mailbox, overlaid with what the operations before it
// in the batch have changed.
#ifndef LABYRINTH_SERVICE_MAILBOX_BATCH_STATE_H_
#define LABYRINTH_SERVICE_MAILBOX_BATCH_STATE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "common/ids.h"
#include "proto/storage/v1/records.pb.h"
#include "service/mailbox/records.h"
#include "service/mailbox/revocation.h"
#include "storage/engine.h"

namespace labyrinth::mailbox {

using Values = absl::flat_hash_map<std::string, std::optional<std::string>>;

// What a save of one message reads or writes, at most: room for as many spares a map from growing four times.
inline constexpr std::size_t kUsualRows = 10;

// The read and the changes of the operations accepted so far. Thread-compatible.
class BatchState {
 public:
  explicit BatchState(int64_t now_ms) : now_ms_(now_ms) { read_.reserve(kUsualRows); }

  // Filling. A read at another position than the first voids the earlier ones: the caller starts again.
  bool Accept(const storage::Position& position, const std::vector<std::string>& keys,
              std::vector<std::optional<std::string>> values, const std::vector<storage::Scan>& scans = {},
              std::vector<storage::Page> pages = {});
  bool Knows(const std::string& key) const { return read_.contains(key); }

  // Reading. nullptr: the key wasn't read; nullopt inside: there is no such row.
  const std::optional<std::string>* Find(const std::string& key) const;
  // The page of a scan of this range, as it was read: what the batch has changed doesn't show. nullptr: not read.
  const storage::Page* FindPage(const storage::Scan& scan) const;
  const storage::Position& position() const { return position_; }
  int64_t now_ms() const { return now_ms_; }
  // Null where there is no mailbox. Known once the head's key was read; call LoadHead() after filling.
  const storage_v1::MailboxHead* head() const { return head_.has_value() ? &*head_ : nullptr; }
  absl::Status LoadHead();

  bool changed() const;
  // The whole mailbox goes.
  bool dropped() const { return dropped_; }

  // What the change takes away, if anything: the journal's entry. Only if changed().
  std::optional<Revocation> TakesAway(const std::string& partition) const;

  // The whole change as one commit, tagged (in its feed row) so that its writer knows it again. Only if changed().
  storage::CommitRequest ToCommit(std::string partition, uint64_t writer_node, uint64_t writer_batch) const;

 private:
  friend class Transaction;

  const int64_t now_ms_;
  bool filled_ = false;
  storage::Position position_;
  Values read_;
  absl::flat_hash_map<std::pair<std::string, std::string>, storage::Page> pages_;  // by range
  Values writes_;
  std::optional<storage_v1::MailboxHead> head_;
  int64_t wake_at_read_ms_ = 0;
  std::vector<storage_v1::ChangeRecord> feed_;
  std::vector<RevokedDevice> revoked_;
  uint32_t saved_ = 0;
  bool traced_ = false;
  bool commits_head_ = false;
  bool dropped_ = false;
};

// One operation's view and changes. Nothing reaches the batch before Apply(), so an operation that is refused
// contributes nothing. Thread-compatible.
class Transaction {
 public:
  explicit Transaction(BatchState& state) : state_(state) { writes_.reserve(kUsualRows); }

  // What was read and what the operations before wrote, without this one's changes.
  const BatchState& state() const { return state_; }
  const storage::Position& position() const { return state_.position(); }
  // The revision that this batch's commit will have.
  uint64_t commit_revision() const { return state_.position().revision + 1; }
  int64_t now_ms() const { return state_.now_ms(); }

  bool has_mailbox() const { return state_.head() != nullptr; }
  // Only if has_mailbox() or after mutable_head().
  const storage_v1::MailboxHead& head() const { return head_.has_value() ? *head_ : *state_.head(); }
  storage_v1::MailboxHead& mutable_head();

  // The row at `key`, nullopt if there is none. INTERNAL if the operation didn't ask for the key beforehand;
  // DATA_DAMAGED.
  template <typename Record>
  absl::StatusOr<std::optional<Record>> Get(const std::string& key) const {
    const std::optional<std::string>* found = Find(key);
    if (found == nullptr) return absl::InternalError("an operation decided on a row that it had not asked for");
    if (!found->has_value()) return std::optional<Record>();
    absl::StatusOr<Record> record = ParseRecord<Record>(**found);
    if (!record.ok()) return record.status();
    return std::optional<Record>(*std::move(record));
  }
  // As Get, for rows that must exist: DATA_DAMAGED if there is none.
  template <typename Record>
  absl::StatusOr<Record> GetExisting(const std::string& key) const {
    absl::StatusOr<std::optional<Record>> record = Get<Record>(key);
    if (!record.ok()) return record.status();
    if (!record->has_value()) return errors::DataDamaged(Record::descriptor()->name());
    return **std::move(record);
  }

  void Put(std::string key, const google::protobuf::MessageLite& record) {
    writes_[std::move(key)] = record.SerializeAsString();
  }
  // An index row, whose key says it all.
  void PutMark(std::string key);
  void Delete(std::string key) { writes_[std::move(key)] = std::nullopt; }

  // The ordinal of the next saved message in this commit, and its feed entry.
  uint32_t NextOrdinal() const { return state_.saved_ + saved_; }
  void AddSaved(uint32_t thread_number, int64_t timestamp_ms);
  // `by`: whose call it is; invalid where no entry says so, or it is no device's.
  storage_v1::ChangeRecord& AddChange(storage_v1::ChangeKind kind, DeviceId by = DeviceId());

  // Every removal of a device says so, for the journal.
  void NoteRevoked(RevokedDevice device) { revoked_.push_back(std::move(device)); }

  // The commit needs no row in the feed, and so has no tag, unless it has entries or others of its batch need one: for
  // an operation that finds nothing to do when it is decided again after it was committed.
  void LeaveNoTrace() { traced_ = false; }

  // Sees to it that the mailbox is woken once `ms` has come, at most `slack_ms` (1 or more) later. Each mailbox rounds
  // up to instants of its own, so that what is due one after the other is one wake, and mailboxes don't wake all at
  // once.
  void WakeBy(int64_t ms, int64_t slack_ms);
  // Voids what was asked for before.
  void ClearWake() { mutable_head().set_wake_at_ms(0); }
  // The head's change is reason enough for a commit. Left to itself it goes along with others.
  void CommitHead() { commits_head_ = true; }
  // Deletes the whole mailbox.
  void Drop() { dropped_ = true; }

  void Apply();

 private:
  const std::optional<std::string>* Find(const std::string& key) const;

  BatchState& state_;
  Values writes_;
  std::optional<storage_v1::MailboxHead> head_;
  std::vector<storage_v1::ChangeRecord> feed_;
  std::vector<RevokedDevice> revoked_;
  uint32_t saved_ = 0;
  bool traced_ = true;
  bool commits_head_ = false;
  bool dropped_ = false;
};

}  // namespace labyrinth::mailbox

#endif  // LABYRINTH_SERVICE_MAILBOX_BATCH_STATE_H_
