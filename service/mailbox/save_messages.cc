#include "service/mailbox/save_messages.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "common/errors.h"
#include "common/limits.h"
#include "service/mailbox/feed_upkeep.h"

namespace labyrinth::mailbox {

namespace keys = storage::keys;
using storage::Place;

namespace {

// Bytes that a message adds to a commit besides its ciphertext: keys and small records.
constexpr std::size_t kRowOverheadBytes = 300;

bool Writes(SaveOutcome outcome) { return outcome == SaveOutcome::kCreated || outcome == SaveOutcome::kReplaced; }

}  // namespace

SaveMessagesOperation::SaveMessagesOperation(const Policy& policy, SaveRequest request, Done done)
    : OperationWithResult(std::move(done)), policy_(policy), request_(std::move(request)) {
  for (const SaveMessage& message : request_.messages) size_bytes_ += message.ciphertext.size() + kRowOverheadBytes;
}

void SaveMessagesOperation::Need(const BatchState& state, std::vector<std::string>& keys) const {
  keys.push_back(keys::Device(request_.caller.device_id));
  for (const SaveMessage& message : request_.messages) {
    std::string by_id = keys::MessageLocation(message.message_id);
    if (const auto* found = state.Find(by_id); found != nullptr && found->has_value()) {
      const auto location = ParseRecord<storage_v1::MessageLocation>(**found);
      if (location.ok() && location->deleted_ms() == 0) {
        keys.push_back(keys::Message(location->thread_number(), FromRecord(location->place())));
        keys.push_back(keys::Thread(location->thread_number()));
      }
    }
    keys.push_back(std::move(by_id));
    std::string by_thread = keys::ThreadById(message.thread_id);
    if (const auto* found = state.Find(by_thread); found != nullptr && found->has_value()) {
      const auto thread = ParseRecord<storage_v1::ThreadNumber>(**found);
      if (thread.ok()) keys.push_back(keys::Thread(thread->number()));
    }
    keys.push_back(std::move(by_thread));
  }
}

absl::Status SaveMessagesOperation::Decide(Transaction& txn) {
  if (auto device = ActiveCaller(txn, request_.caller); !device.ok()) return device.status();

  result_ = {};
  std::vector<Verdict> verdicts;
  verdicts.reserve(request_.messages.size());
  for (uint32_t i = 0; i < request_.messages.size(); ++i) {
    absl::StatusOr<Verdict> verdict = Identify(txn, i);
    if (!verdict.ok()) return verdict.status();
    result_.outcomes.push_back(verdict->outcome);
    verdicts.push_back(*std::move(verdict));
  }
  if (std::none_of(result_.outcomes.begin(), result_.outcomes.end(), Writes)) return absl::OkStatus();

  if (txn.head().rotation_required()) return errors::RotationRequired();
  if (absl::Status status = CheckCurrentEpoch(txn.head(), request_.epoch_id); !status.ok()) return status;
  for (uint32_t i = 0; i < verdicts.size(); ++i) {
    if (Writes(verdicts[i].outcome) && IsExpired(request_.messages[i].expire_ms, txn.head(), txn.now_ms())) {
      return errors::InvalidField(fmt::format("messages[{}].expire_ms", i), "lies in the past");
    }
  }
  if (absl::Status status = CheckQuota(txn, verdicts); !status.ok()) return status;

  for (uint32_t i = 0; i < verdicts.size(); ++i) {
    absl::Status status;
    if (verdicts[i].outcome == SaveOutcome::kCreated) status = Create(txn, request_.messages[i]);
    if (verdicts[i].outcome == SaveOutcome::kReplaced) status = Replace(txn, request_.messages[i], verdicts[i]);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<SaveMessagesOperation::Verdict> SaveMessagesOperation::Identify(const Transaction& txn,
                                                                               uint32_t index) const {
  const SaveMessage& message = request_.messages[index];
  Verdict verdict;
  auto location = txn.Get<storage_v1::MessageLocation>(keys::MessageLocation(message.message_id));
  if (!location.ok()) return location.status();
  if (!location->has_value()) return verdict;
  verdict.outcome = SaveOutcome::kWasDeleted;
  if ((*location)->deleted_ms() != 0) return verdict;

  verdict.location = **std::move(location);
  const uint32_t number = verdict.location.thread_number();
  auto existing =
      txn.GetExisting<storage_v1::MessageRecord>(keys::Message(number, FromRecord(verdict.location.place())));
  if (!existing.ok()) return existing.status();
  verdict.existing = *std::move(existing);
  // Gone, though perhaps not swept yet: that must not show, so it answers as its tombstone will.
  if (IsExpired(verdict.existing.expire_ms(), txn.head(), txn.now_ms())) return verdict;

  auto thread = txn.GetExisting<storage_v1::ThreadRecord>(keys::Thread(number));
  if (!thread.ok()) return thread.status();
  if (thread->thread_id() != message.thread_id || verdict.location.place().timestamp_ms() != message.timestamp_ms) {
    return errors::MessageConflict(index);
  }
  const bool same =
      verdict.existing.ciphertext() == message.ciphertext && verdict.existing.epoch_id() == request_.epoch_id.value() &&
      verdict.existing.cipher_version() == request_.cipher_version && verdict.existing.expire_ms() == message.expire_ms;
  if (same) {
    verdict.outcome = SaveOutcome::kUnchanged;
  } else if (request_.on_conflict == OnConflict::kKeepExisting) {
    verdict.outcome = SaveOutcome::kKeptExisting;
  } else if (request_.on_conflict == OnConflict::kReplace) {
    verdict.outcome = SaveOutcome::kReplaced;
  } else {
    return errors::MessageConflict(index);
  }
  return verdict;
}

absl::Status SaveMessagesOperation::CheckQuota(const Transaction& txn, const std::vector<Verdict>& verdicts) const {
  const storage_v1::MailboxHead& head = txn.head();
  uint64_t bytes = head.used_bytes();
  uint64_t messages = head.message_count();
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    if (!Writes(verdicts[i].outcome)) continue;
    bytes += request_.messages[i].ciphertext.size();
    if (verdicts[i].outcome == SaveOutcome::kCreated) ++messages;
    if (verdicts[i].outcome == SaveOutcome::kReplaced) bytes -= verdicts[i].existing.ciphertext().size();
  }
  const uint64_t quota_bytes = head.quota_bytes() != 0 ? head.quota_bytes() : policy_.quota_bytes;
  const uint64_t quota_messages = head.quota_messages() != 0 ? head.quota_messages() : policy_.quota_messages;
  // A mailbox over a lowered quota may still shrink.
  if (bytes > quota_bytes && bytes > head.used_bytes()) return errors::QuotaExceeded("quota_bytes", quota_bytes);
  if (messages > quota_messages && messages > head.message_count()) {
    return errors::QuotaExceeded("quota_messages", quota_messages);
  }
  return absl::OkStatus();
}

absl::Status SaveMessagesOperation::Create(Transaction& txn, const SaveMessage& message) {
  storage_v1::MailboxHead& head = txn.mutable_head();

  // The thread: its number, made on first use.
  storage_v1::ThreadNumber number;
  storage_v1::ThreadRecord thread;
  auto known = txn.Get<storage_v1::ThreadNumber>(keys::ThreadById(message.thread_id));
  if (!known.ok()) return known.status();
  if (known->has_value()) {
    number = **known;
    auto record = txn.GetExisting<storage_v1::ThreadRecord>(keys::Thread(number.number()));
    if (!record.ok()) return record.status();
    thread = *std::move(record);
  } else {
    // From 1: the record of number 0 would have no bytes, and engines refuse empty values.
    head.set_thread_count(head.thread_count() + 1);
    number.set_number(head.thread_count());
    thread.set_thread_id(message.thread_id);
    txn.Put(keys::ThreadById(message.thread_id), number);
  }

  // The row and what leads to it.
  const Place place{message.timestamp_ms, txn.commit_revision(), txn.NextOrdinal()};
  storage_v1::MessageLocation location;
  location.set_thread_number(number.number());
  mailbox::ToRecord(place, location.mutable_place());
  txn.Put(keys::Message(number.number(), place), ToRecord(message));
  txn.Put(keys::MailboxTime(place), number);
  txn.Put(keys::MessageLocation(message.message_id), location);
  if (message.expire_ms != 0) {
    txn.PutMark(keys::Expiry(message.expire_ms, number.number(), place));
    txn.WakeBy(message.expire_ms, limits::kExpirySlackMs);
  }

  // The thread's place in the list of threads.
  const bool first = thread.message_count() == 0;
  const Place newest = FromRecord(thread.newest());
  if (first || newest < place) {
    if (!first) txn.Delete(keys::ThreadActivity(newest, number.number()));
    txn.PutMark(keys::ThreadActivity(place, number.number()));
    mailbox::ToRecord(place, thread.mutable_newest());
  }
  thread.set_message_count(thread.message_count() + 1);
  thread.set_used_bytes(thread.used_bytes() + message.ciphertext.size());
  txn.Put(keys::Thread(number.number()), thread);

  head.set_message_count(head.message_count() + 1);
  head.set_used_bytes(head.used_bytes() + message.ciphertext.size());
  txn.AddSaved(number.number(), message.timestamp_ms);
  return absl::OkStatus();
}

absl::Status SaveMessagesOperation::Replace(Transaction& txn, const SaveMessage& message, const Verdict& verdict) {
  const uint32_t number = verdict.location.thread_number();
  const Place place = FromRecord(verdict.location.place());
  storage_v1::MessageRecord record = ToRecord(message);
  // What this very commit has written is told of by it already.
  const bool told = ToldAt(place, verdict.existing) == txn.commit_revision();
  record.set_replace_revision(told ? verdict.existing.replace_revision() : txn.commit_revision());
  txn.Put(keys::Message(number, place), record);
  if (verdict.existing.expire_ms() != message.expire_ms) {
    if (verdict.existing.expire_ms() != 0) txn.Delete(keys::Expiry(verdict.existing.expire_ms(), number, place));
    if (message.expire_ms != 0) {
      txn.PutMark(keys::Expiry(message.expire_ms, number, place));
      txn.WakeBy(message.expire_ms, limits::kExpirySlackMs);
    }
  }
  auto thread = txn.GetExisting<storage_v1::ThreadRecord>(keys::Thread(number));
  if (!thread.ok()) return thread.status();
  // Unsigned, so that the difference may well be negative.
  const uint64_t grown_bytes = message.ciphertext.size() - verdict.existing.ciphertext().size();
  thread->set_used_bytes(thread->used_bytes() + grown_bytes);
  txn.Put(keys::Thread(number), *thread);
  storage_v1::MailboxHead& head = txn.mutable_head();
  head.set_used_bytes(head.used_bytes() + grown_bytes);
  if (told) return absl::OkStatus();
  MarkToldAsVoid(txn, place, verdict.existing);
  storage_v1::ChangeRecord& change = txn.AddChange(storage_v1::CHANGE_KIND_REPLACED);
  change.set_thread_number(number);
  mailbox::ToRecord(place, change.mutable_place());
  return absl::OkStatus();
}

storage_v1::MessageRecord SaveMessagesOperation::ToRecord(const SaveMessage& message) const {
  storage_v1::MessageRecord record;
  record.set_message_id(message.message_id);
  record.set_epoch_id(request_.epoch_id.value());
  record.set_cipher_version(request_.cipher_version);
  record.set_ciphertext(message.ciphertext);
  record.set_expire_ms(message.expire_ms);
  return record;
}

}  // namespace labyrinth::mailbox
