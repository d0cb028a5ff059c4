#include "service/mailbox/membership.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/errors.h"
#include "common/limits.h"

namespace labyrinth::mailbox {

namespace keys = storage::keys;
using crypto::LogEntry;
using crypto::LogMember;
using crypto::PublicKey;

namespace {

// The devices that entries name as actor or subject. Undecodable entries name none: Append() refuses them.
std::vector<PublicKey> NamedKeys(const std::vector<crypto::SignedLogEntry>& entries) {
  std::vector<PublicKey> named;
  for (const crypto::SignedLogEntry& signed_entry : entries) {
    const absl::StatusOr<LogEntry> entry = crypto::DecodeLogEntry(signed_entry.entry);
    if (!entry.ok()) continue;
    named.push_back(entry->actor_device_key);
    if (entry->subject_kind != crypto::SubjectKind::kNone) named.push_back(entry->subject_device_key);
  }
  return named;
}

absl::StatusOr<LogMember> ToLogMember(const storage_v1::DeviceRecord& device, bool removed) {
  absl::StatusOr<crypto::DevicePublicKeys> keys = KeysOf(device);
  if (!keys.ok()) return keys.status();
  LogMember member;
  member.kind = keys->kind();
  member.device_key = keys->device_key;
  member.epoch_storage_key = keys->epoch_storage_key;
  member.epoch_storage_auth_key = keys->epoch_storage_auth_key.value_or(PublicKey());
  if (removed) member.removed_index = 0;  // when doesn't matter to the rules
  return member;
}

bool Contains(const google::protobuf::RepeatedField<uint64_t>& ids, DeviceId id) {
  return std::find(ids.begin(), ids.end(), id.value()) != ids.end();
}

absl::StatusOr<storage_v1::Roster> RosterOf(const Transaction& txn) {
  auto roster = txn.Get<storage_v1::Roster>(keys::Roster());
  if (!roster.ok()) return roster.status();
  return roster->value_or(storage_v1::Roster());
}

void PutRoster(Transaction& txn, const storage_v1::Roster& roster) {
  const bool empty = roster.active_device_ids().empty() && roster.unsigned_removal_ids().empty();
  // Its record would have no bytes, and engines refuse empty values: the last device has removed itself.
  if (empty) return txn.Delete(keys::Roster());
  txn.Put(keys::Roster(), roster);
}

}  // namespace

void NeedForLog(const BatchState& state, const std::vector<crypto::SignedLogEntry>& entries,
                std::vector<std::string>& keys) {
  keys.push_back(keys::Roster());
  for (const PublicKey& key : NamedKeys(entries)) {
    std::string row = keys::DeviceKey(key.view());
    if (const auto* found = state.Find(row); found != nullptr && found->has_value()) {
      const auto record = ParseRecord<storage_v1::DeviceKeyRecord>(**found);
      if (record.ok() && !record->barred()) keys.push_back(keys::Device(DeviceId(record->device_id())));
    }
    keys.push_back(std::move(row));
  }
}

absl::StatusOr<LogAppender> LogAppender::Open(Transaction& txn, const Policy& policy, std::string_view partition,
                                              const std::vector<crypto::SignedLogEntry>& entries) {
  if (entries.empty()) return errors::InvalidField("log_entry", "required");
  absl::StatusOr<LogEntry> first = crypto::DecodeLogEntry(entries[0].entry);
  if (!first.ok()) return first.status();
  if (policy.partition_of(first->account_id) != partition) {
    return errors::InvalidField("log_entry.account_id", "not this mailbox's account");
  }

  crypto::MembershipState::Snapshot snapshot;
  if (txn.has_mailbox()) {
    const auto head = crypto::LogHead::From(txn.head().log_head());
    if (!head.has_value()) return errors::DataDamaged("MailboxHead.log_head");
    snapshot.position = {txn.head().log_count(), *head};
    snapshot.epoch_sequence = txn.head().current_sequence_id();
  }
  absl::StatusOr<storage_v1::Roster> roster = RosterOf(txn);
  if (!roster.ok()) return roster.status();

  absl::flat_hash_map<PublicKey, DeviceId> devices;
  std::vector<PublicKey> cut_off, barred;
  for (const PublicKey& key : NamedKeys(entries)) {
    auto row = txn.Get<storage_v1::DeviceKeyRecord>(keys::DeviceKey(key.view()));
    if (!row.ok()) return row.status();
    if (!row->has_value() || devices.contains(key)) continue;
    if ((*row)->barred()) {
      barred.push_back(key);
      continue;
    }
    const DeviceId id((*row)->device_id());
    auto device = txn.GetExisting<storage_v1::DeviceRecord>(keys::Device(id));
    if (!device.ok()) return device.status();
    const bool unsigned_removal = Contains(roster->unsigned_removal_ids(), id);
    absl::StatusOr<LogMember> member = ToLogMember(*device, device->revoked() && !unsigned_removal);
    if (!member.ok()) return member.status();
    snapshot.members.push_back(*std::move(member));
    devices[key] = id;
    if (unsigned_removal) cut_off.push_back(key);
  }

  LogAppender appender(txn, crypto::MembershipState({policy.server_name, first->account_id}, std::move(snapshot)));
  appender.devices_ = std::move(devices);
  appender.cut_off_ = std::move(cut_off);
  appender.barred_ = std::move(barred);
  return appender;
}

absl::StatusOr<LogEntry> LogAppender::Append(const crypto::SignedLogEntry& signed_entry) {
  absl::StatusOr<LogEntry> entry = state_.Apply(signed_entry);
  if (!entry.ok()) return entry.status();
  if (std::find(cut_off_.begin(), cut_off_.end(), entry->actor_device_key) != cut_off_.end()) {
    return errors::DeviceRevoked();
  }
  if (std::find(barred_.begin(), barred_.end(), entry->subject_device_key) != barred_.end()) {
    return errors::DeviceRevoked();
  }
  storage_v1::LogRecord record;
  record.set_entry(signed_entry.entry);
  record.set_signature(signed_entry.signature.str());
  txn_.Put(keys::Log(entry->index), record);
  storage_v1::MailboxHead& head = txn_.mutable_head();
  head.set_log_count(state_.position().length);
  head.set_log_head(state_.position().head.str());
  return entry;
}

DeviceId LogAppender::DeviceOf(const PublicKey& device_key) const {
  const auto it = devices_.find(device_key);
  return it == devices_.end() ? DeviceId() : it->second;
}

absl::Status CheckEntry(const LogEntry& entry, crypto::LogEntryKind kind, const crypto::Sha256Digest& body_hash) {
  if (entry.kind != kind) return errors::InvalidField("log_entry", "not the kind that this call needs");
  if (entry.body_hash != body_hash) return errors::InvalidField("log_entry", "signed for a different request");
  return absl::OkStatus();
}

absl::Status CheckSubject(const LogEntry& entry, const crypto::DevicePublicKeys& keys) {
  if (entry.subject_kind != keys.kind() || entry.subject_device_key != keys.device_key ||
      entry.subject_epoch_storage_key != keys.epoch_storage_key ||
      entry.subject_epoch_storage_auth_key != keys.epoch_storage_auth_key.value_or(PublicKey())) {
    return errors::InvalidField("log_entry", "its subject is another device");
  }
  return absl::OkStatus();
}

absl::Status AddDevice(Transaction& txn, DeviceId id, const storage_v1::DeviceRecord& device,
                       std::string_view orf_server_scalar, DeviceId sponsor) {
  absl::StatusOr<storage_v1::Roster> roster = RosterOf(txn);
  if (!roster.ok()) return roster.status();
  auto& active = *roster->mutable_active_device_ids();
  if (active.size() >= static_cast<int>(limits::kDevices)) {
    return errors::LimitExceeded("keys", "devices", limits::kDevices);
  }
  active.Add(id.value());
  std::sort(active.begin(), active.end());
  PutRoster(txn, *roster);
  txn.Put(keys::Device(id), device);
  storage_v1::DeviceKeyRecord by_key;
  by_key.set_device_id(id.value());
  txn.Put(keys::DeviceKey(device.device_key()), by_key);
  storage_v1::OrfServerRecord orf;
  orf.set_scalar(std::string(orf_server_scalar));
  txn.Put(keys::OrfServer(id), orf);
  txn.AddChange(storage_v1::CHANGE_KIND_DEVICE_ADDED, sponsor).set_device_id(id.value());
  return absl::OkStatus();
}

absl::Status RevokeDevice(Transaction& txn, DeviceId id, bool signed_in_log, DeviceId by) {
  auto device = txn.Get<storage_v1::DeviceRecord>(keys::Device(id));
  if (!device.ok()) return device.status();
  if (!device->has_value() || (*device)->revoked()) return errors::DeviceNotFound();
  absl::StatusOr<storage_v1::Roster> roster = RosterOf(txn);
  if (!roster.ok()) return roster.status();
  auto& active = *roster->mutable_active_device_ids();
  active.erase(std::remove(active.begin(), active.end(), id.value()), active.end());
  if (!signed_in_log) roster->add_unsigned_removal_ids(id.value());
  PutRoster(txn, *roster);
  storage_v1::DeviceRecord revoked = **std::move(device);
  revoked.set_revoked(true);
  txn.Put(keys::Device(id), revoked);
  txn.Delete(keys::OrfServer(id));
  if (const auto virtual_id = VirtualDeviceId::From(revoked.virtual_device_id())) {
    txn.Delete(keys::VirtualDevice(*virtual_id));
  }
  txn.AddChange(storage_v1::CHANGE_KIND_DEVICE_REVOKED, by).set_device_id(id.value());
  txn.NoteRevoked({id, revoked.device_key()});
  return absl::OkStatus();
}

}  // namespace labyrinth::mailbox
