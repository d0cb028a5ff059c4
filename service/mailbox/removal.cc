#include "service/mailbox/removal.h"

#include <algorithm>
#include <functional>
#include <optional>

#include "common/errors.h"
#include "common/limits.h"
#include "service/mailbox/feed_upkeep.h"
#include "service/mailbox/paging.h"
#include "service/mailbox/records.h"

namespace labyrinth::mailbox {

namespace keys = storage::keys;
using storage::Place;

namespace {

// What is left of a thread: its newest message without `gone` (of that thread, newest first), which holds the newest
// with them.
struct Rest {
  std::optional<Place> newest;  // none: nothing is left, or `missing` has to be read first
  std::optional<storage::Scan> missing;
};

absl::StatusOr<Rest> RestOf(const BatchState& state, const std::vector<StoredAt>& gone) {
  const uint32_t number = gone.front().thread_number;
  std::size_t passed = 1;  // of `gone`
  std::string last_key = keys::Message(number, gone.front().place);
  for (;;) {
    // One more than may still be in the way.
    const auto items = static_cast<uint32_t>(gone.size() - passed + 1);
    storage::Scan scan = ScanFrom(keys::ThreadMessages(number, 0, limits::kTimestampMs + 1),
                                  storage::Direction::kForward, last_key, items);
    scan.max_bytes = limits::kMessageBytes;
    const storage::Page* page = state.FindPage(scan);
    if (page == nullptr) return Rest{std::nullopt, std::move(scan)};
    for (const storage::Row& row : page->items) {
      const auto key = keys::ParseMessage(row.key);
      if (!key.has_value()) return errors::DataDamaged("message key");
      if (passed == gone.size() || key->place != gone[passed].place) return Rest{key->place, std::nullopt};
      ++passed;
      last_key = row.key;
    }
    if (!page->more) return Rest{};
  }
}

}  // namespace

Removal::Removal(std::vector<StoredAt> messages) {
  std::sort(messages.begin(), messages.end(), std::greater<>());
  for (const StoredAt& at : messages) {
    if (threads_.empty() || threads_.back().front().thread_number != at.thread_number) threads_.emplace_back();
    threads_.back().push_back(at);
  }
}

void Removal::Need(std::vector<std::string>& keys) const {
  for (const std::vector<StoredAt>& gone : threads_) {
    keys.push_back(keys::Thread(gone.front().thread_number));
    for (const StoredAt& at : gone) keys.push_back(keys::Message(at.thread_number, at.place));
  }
}

void Removal::NeedScans(const BatchState& state, std::vector<storage::Scan>& scans) const {
  for (const std::vector<StoredAt>& gone : threads_) {
    const std::optional<std::string>* found = state.Find(keys::Thread(gone.front().thread_number));
    if (found == nullptr || !found->has_value()) continue;
    const auto thread = ParseRecord<storage_v1::ThreadRecord>(**found);
    if (!thread.ok() || FromRecord(thread->newest()) != gone.front().place) continue;
    auto rest = RestOf(state, gone);
    if (rest.ok() && rest->missing.has_value()) scans.push_back(*std::move(rest->missing));
  }
}

absl::Status Removal::Apply(Transaction& txn, storage_v1::ChangeKind kind, DeviceId by) const {
  if (threads_.empty()) return absl::OkStatus();
  for (const std::vector<StoredAt>& gone : threads_) {
    const uint32_t number = gone.front().thread_number;
    auto thread = txn.GetExisting<storage_v1::ThreadRecord>(keys::Thread(number));
    if (!thread.ok()) return thread.status();
    const Place newest = FromRecord(thread->newest());
    for (const StoredAt& at : gone) {
      if (auto status = RemoveMessage(txn, at, kind, by, *thread); !status.ok()) return status;
    }
    if (thread->message_count() == 0) {
      // Its id goes too: nobody could ask for it any more.
      txn.Delete(keys::ThreadActivity(newest, number));
      txn.Delete(keys::ThreadById(thread->thread_id()));
      txn.Delete(keys::Thread(number));
      continue;
    }
    if (newest == gone.front().place) {
      auto rest = RestOf(txn.state(), gone);
      if (!rest.ok()) return rest.status();
      if (rest->missing.has_value())
        return absl::InternalError("an operation decided on rows that it had not asked for");
      if (!rest->newest.has_value()) return errors::DataDamaged("ThreadRecord.message_count");
      txn.Delete(keys::ThreadActivity(newest, number));
      txn.PutMark(keys::ThreadActivity(*rest->newest, number));
      mailbox::ToRecord(*rest->newest, thread->mutable_newest());
    }
    txn.Put(keys::Thread(number), *thread);
  }
  txn.PutMark(keys::DeletionAge(txn.now_ms(), txn.commit_revision()));
  txn.WakeBy(txn.now_ms() + limits::kTombstoneMs, limits::kUpkeepSlackMs);
  return absl::OkStatus();
}

absl::Status Removal::RemoveMessage(Transaction& txn, const StoredAt& at, storage_v1::ChangeKind kind, DeviceId by,
                                    storage_v1::ThreadRecord& thread) const {
  auto message = txn.GetExisting<storage_v1::MessageRecord>(keys::Message(at.thread_number, at.place));
  if (!message.ok()) return message.status();
  txn.Delete(keys::Message(at.thread_number, at.place));
  txn.Delete(keys::MailboxTime(at.place));
  if (message->expire_ms() != 0) txn.Delete(keys::Expiry(message->expire_ms(), at.thread_number, at.place));
  storage_v1::MessageLocation tombstone;
  tombstone.set_deleted_ms(txn.now_ms());
  txn.Put(keys::MessageLocation(message->message_id()), tombstone);

  const uint64_t bytes = message->ciphertext().size();
  storage_v1::MailboxHead& head = txn.mutable_head();
  if (thread.message_count() == 0 || thread.used_bytes() < bytes) return errors::DataDamaged("ThreadRecord");
  if (head.message_count() == 0 || head.used_bytes() < bytes) return errors::DataDamaged("MailboxHead");
  thread.set_message_count(thread.message_count() - 1);
  thread.set_used_bytes(thread.used_bytes() - bytes);
  head.set_message_count(head.message_count() - 1);
  head.set_used_bytes(head.used_bytes() - bytes);

  MarkToldAsVoid(txn, at.place, *message);
  txn.AddChange(kind, by).set_message_id(message->message_id());
  return absl::OkStatus();
}

}  // namespace labyrinth::mailbox
