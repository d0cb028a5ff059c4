#include "service/mailbox/open_epoch.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "common/errors.h"
#include "common/limits.h"
#include "crypto/statements/log_body.h"
#include "service/mailbox/membership.h"

namespace labyrinth::mailbox {

namespace keys = storage::keys;

namespace {

using IdSet = std::set<uint64_t>;

std::string Join(const IdSet& ids) { return fmt::format("{}", fmt::join(ids, ",")); }

IdSet Minus(const IdSet& a, const IdSet& b) {
  IdSet out;
  std::set_difference(a.begin(), a.end(), b.begin(), b.end(), std::inserter(out, out.end()));
  return out;
}

}  // namespace

OpenEpochOperation::OpenEpochOperation(const Policy& policy, OpenEpochRequest request, RandomSource& random, Done done)
    : OperationWithResult(std::move(done)),
      policy_(policy),
      request_(std::move(request)),
      epoch_id_(random.NonZeroId()) {}

void OpenEpochOperation::Need(const BatchState& state, std::vector<std::string>& keys) const {
  keys.push_back(keys::Request(request_.request.id));
  keys.push_back(keys::Device(request_.caller.device_id));
  for (const EpochMember& member : request_.members) keys.push_back(keys::Device(member.device_id));
  for (DeviceId id : request_.revoke_device_ids) keys.push_back(keys::Device(id));
  if (state.head() != nullptr) {
    keys.push_back(keys::Member(state.head()->current_sequence_id(), request_.caller.device_id));
  }
  NeedForLog(state, request_.log_entries, keys);
}

absl::Status OpenEpochOperation::Decide(Transaction& txn) {
  if (auto device = ActiveCaller(txn, request_.caller); !device.ok()) return device.status();
  auto first = Recall(txn, request_.request);
  if (!first.ok()) return first.status();
  if (first->has_value()) {
    result_ = {EpochId((*first)->epoch_id()), (*first)->revision()};
    return absl::OkStatus();
  }
  if (auto status = CheckCurrentEpoch(txn.head(), request_.expected_epoch_id); !status.ok()) return status;
  if (txn.head().current_sequence_id() >= limits::kEpochSequence) {
    return errors::LimitExceeded("sequence_id", "epoch_sequence", limits::kEpochSequence);
  }
  if (request_.sequence_id != txn.head().current_sequence_id() + 1) {
    return errors::InvalidField("sequence_id", "not the current epoch's plus one");
  }
  auto roster = txn.GetExisting<storage_v1::Roster>(keys::Roster());
  if (!roster.ok()) return roster.status();
  if (auto status = CheckMembers(*roster); !status.ok()) return status;
  if (auto status = CheckOpenerMac(txn); !status.ok()) return status;
  if (auto status = AppendLog(txn, *roster); !status.ok()) return status;

  for (DeviceId id : request_.revoke_device_ids) {
    if (auto status = RevokeDevice(txn, id, /*signed_in_log=*/true, request_.caller.device_id); !status.ok())
      return status;
  }
  auto remaining = txn.GetExisting<storage_v1::Roster>(keys::Roster());
  if (!remaining.ok()) return remaining.status();
  remaining->clear_unsigned_removal_ids();
  txn.Put(keys::Roster(), *remaining);
  WriteEpoch(txn);
  storage_v1::RequestRecord answer;
  answer.set_epoch_id(epoch_id_.value());
  Remember(txn, request_.request, answer);
  result_ = {epoch_id_, txn.commit_revision()};
  return absl::OkStatus();
}

absl::Status OpenEpochOperation::CheckMembers(const storage_v1::Roster& roster) const {
  const IdSet active(roster.active_device_ids().begin(), roster.active_device_ids().end());
  IdSet revoked;
  for (DeviceId id : request_.revoke_device_ids) {
    if (id == request_.caller.device_id) return errors::InvalidField("revoke_device_ids", "names the calling device");
    if (!active.contains(id.value())) return errors::DeviceNotFound();
    if (!revoked.insert(id.value()).second) return errors::InvalidField("revoke_device_ids", "names a device twice");
  }
  IdSet members;
  for (const EpochMember& member : request_.members) {
    if (!members.insert(member.device_id.value()).second) {
      return errors::InvalidField("members", "names a device twice");
    }
  }
  const IdSet wanted = Minus(active, revoked);
  if (members != wanted) return errors::MembersMismatch(Join(Minus(wanted, members)), Join(Minus(members, wanted)));
  return absl::OkStatus();
}

absl::Status OpenEpochOperation::CheckOpenerMac(const Transaction& txn) const {
  auto own = txn.GetExisting<storage_v1::MemberRecord>(
      keys::Member(txn.head().current_sequence_id(), request_.caller.device_id));
  if (!own.ok()) return own.status();
  if (own->epoch_device_mac() != request_.opener_previous_mac.view()) {
    return errors::InvalidField("opener_previous_mac", "not the caller's MAC in the current epoch");
  }
  return absl::OkStatus();
}

absl::Status OpenEpochOperation::AppendLog(Transaction& txn, const storage_v1::Roster& roster) const {
  IdSet to_remove(roster.unsigned_removal_ids().begin(), roster.unsigned_removal_ids().end());
  for (DeviceId id : request_.revoke_device_ids) to_remove.insert(id.value());
  if (request_.log_entries.size() != to_remove.size() + 1) {
    return errors::InvalidField("log_entries", fmt::format("{} removes and the open are needed", to_remove.size()));
  }

  absl::StatusOr<LogAppender> log = LogAppender::Open(txn, policy_, request_.caller.partition, request_.log_entries);
  if (!log.ok()) return log.status();
  for (std::size_t i = 0; i < request_.log_entries.size(); ++i) {
    absl::StatusOr<crypto::LogEntry> entry = log->Append(request_.log_entries[i]);
    if (!entry.ok()) return entry.status();
    if (log->DeviceOf(entry->actor_device_key) != request_.caller.device_id) {
      return errors::InvalidField("log_entries", "not signed by the calling device");
    }
    if (i + 1 < request_.log_entries.size()) {
      if (auto status = CheckEntry(*entry, crypto::LogEntryKind::kRemove, {}); !status.ok()) return status;
      if (to_remove.erase(log->DeviceOf(entry->subject_device_key).value()) == 0) {
        return errors::InvalidField("log_entries", "removes a device that is to stay");
      }
      continue;
    }
    absl::StatusOr<crypto::Sha256Digest> body = BodyHash(txn);
    if (!body.ok()) return body.status();
    if (auto status = CheckEntry(*entry, crypto::LogEntryKind::kOpenEpoch, *body); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<crypto::Sha256Digest> OpenEpochOperation::BodyHash(const Transaction& txn) const {
  std::vector<crypto::EpochMemberBody> members;
  for (const EpochMember& member : request_.members) {
    auto device = txn.GetExisting<storage_v1::DeviceRecord>(keys::Device(member.device_id));
    if (!device.ok()) return device.status();
    absl::StatusOr<crypto::DevicePublicKeys> keys = KeysOf(*device);
    if (!keys.ok()) return keys.status();
    members.push_back({keys->device_key, member.epoch_device_mac, member.encrypted_entropy});
  }
  return crypto::OpenEpochBodyHash(request_.enc_prev_sequence, request_.enc_prev_root, std::move(members));
}

void OpenEpochOperation::WriteEpoch(Transaction& txn) const {
  storage_v1::EpochRecord epoch;
  epoch.set_epoch_id(epoch_id_.value());
  epoch.set_opener_device_id(request_.caller.device_id.value());
  epoch.set_opener_previous_mac(request_.opener_previous_mac.str());
  epoch.set_enc_prev_sequence(request_.enc_prev_sequence);
  epoch.set_enc_prev_root(request_.enc_prev_root);
  epoch.set_commitment(request_.commitment);
  epoch.set_revision(txn.commit_revision());
  epoch.set_create_ms(txn.now_ms());
  txn.Put(keys::Epoch(request_.sequence_id), epoch);
  for (const EpochMember& member : request_.members) {
    storage_v1::MemberRecord record;
    record.set_epoch_device_mac(member.epoch_device_mac.str());
    record.set_encrypted_entropy(member.encrypted_entropy);
    txn.Put(keys::Member(request_.sequence_id, member.device_id), record);
  }
  storage_v1::MailboxHead& head = txn.mutable_head();
  head.set_current_epoch_id(epoch_id_.value());
  head.set_current_sequence_id(request_.sequence_id);
  head.set_rotation_required(false);
  txn.AddChange(storage_v1::CHANGE_KIND_EPOCH_OPENED, request_.caller.device_id).set_sequence_id(request_.sequence_id);
}

}  // namespace labyrinth::mailbox
