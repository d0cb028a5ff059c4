#include "service/mailbox/device_operations.h"

#include <utility>

#include "common/errors.h"
#include "crypto/orf_server/orf_server.h"
#include "service/mailbox/membership.h"

namespace labyrinth::mailbox {

namespace keys = storage::keys;

namespace {

absl::StatusOr<crypto::OrfServerState> Evolved(const crypto::OrfServerState& state, const crypto::Secret& token) {
  auto evolved = state.Evolve(token.RevealSecret());
  if (!evolved.ok()) return errors::InvalidField("evolve_token", "not a canonical non-zero scalar");
  return evolved;
}

// The ORF scalar of a new device, from its sponsor's and the token: s / t (protocol section 1).
absl::StatusOr<crypto::OrfServerState> EvolvedState(const Transaction& txn, DeviceId sponsor,
                                                    const crypto::Secret& token) {
  auto record = txn.GetExisting<storage_v1::OrfServerRecord>(keys::OrfServer(sponsor));
  if (!record.ok()) return record.status();
  auto state = crypto::OrfServerState::Parse(crypto::Secret::TakeAndWipe(std::move(*record->mutable_scalar())));
  if (!state.ok()) return errors::DataDamaged("OrfServerRecord");
  return Evolved(*state, token);
}

// A device that joins inside an epoch gets the root key from its sponsor: its member row has no entropy.
void AddMember(Transaction& txn, DeviceId id, const crypto::MacTag& epoch_device_mac) {
  storage_v1::MemberRecord member;
  member.set_epoch_device_mac(epoch_device_mac.str());
  txn.Put(keys::Member(txn.head().current_sequence_id(), id), member);
}

}  // namespace

RegisterDeviceOperation::RegisterDeviceOperation(const Policy& policy, RegisterDeviceRequest request,
                                                 RandomSource& random, Done done)
    : OperationWithResult(std::move(done)),
      policy_(policy),
      request_(std::move(request)),
      device_id_(random.NonZeroId()) {}

void RegisterDeviceOperation::Need(const BatchState& state, std::vector<std::string>& keys) const {
  keys.push_back(keys::Request(request_.request.id));
  if (const auto* virtual_id = std::get_if<VirtualDeviceId>(&request_.sponsor)) {
    std::string by_code = keys::VirtualDevice(*virtual_id);
    if (const auto* found = state.Find(by_code); found != nullptr && found->has_value()) {
      const auto record = ParseRecord<storage_v1::VirtualDeviceRecord>(**found);
      if (record.ok()) {
        keys.push_back(keys::Device(DeviceId(record->device_id())));
        keys.push_back(keys::OrfServer(DeviceId(record->device_id())));
      }
    }
    keys.push_back(std::move(by_code));
  } else if (const auto* grant = std::get_if<MemberGrant>(&request_.sponsor)) {
    keys.push_back(keys::Device(grant->member.device_id));
  }
  NeedForLog(state, {request_.log_entry}, keys);
}

absl::StatusOr<DeviceId> RegisterDeviceOperation::FindSponsor(const Transaction& txn) const {
  if (const auto* virtual_id = std::get_if<VirtualDeviceId>(&request_.sponsor)) {
    auto record = txn.Get<storage_v1::VirtualDeviceRecord>(keys::VirtualDevice(*virtual_id));
    if (!record.ok()) return record.status();
    if (!record->has_value()) return errors::VirtualDeviceNotFound();
    return DeviceId((*record)->device_id());
  }
  const auto* grant = std::get_if<MemberGrant>(&request_.sponsor);
  if (grant == nullptr) return errors::EnrollmentClosed();
  auto member = ActiveCaller(txn, grant->member);
  if (member.ok()) return grant->member.device_id;
  // The caller is the new device, whom a removal or a new mailbox concerns only so far.
  const auto reason = ReasonOf(member.status());
  const bool gone = reason == Reason::kDeviceRevoked || reason == Reason::kMailboxNotFound;
  return gone ? errors::EnrollmentClosed() : member.status();
}

absl::StatusOr<crypto::OrfServerState> RegisterDeviceOperation::NewScalar(const Transaction& txn,
                                                                          DeviceId sponsor) const {
  const auto* grant = std::get_if<MemberGrant>(&request_.sponsor);
  if (grant != nullptr) return Evolved(grant->temporary, request_.evolve_token);
  return EvolvedState(txn, sponsor, request_.evolve_token);
}

absl::Status RegisterDeviceOperation::Decide(Transaction& txn) {
  if (!txn.has_mailbox()) return errors::MailboxNotFound();
  const auto mailbox_id = MailboxId::From(txn.head().mailbox_id());
  if (!mailbox_id.has_value()) return errors::DataDamaged("MailboxHead.mailbox_id");
  auto first = Recall(txn, request_.request);
  if (!first.ok()) return first.status();
  if (first->has_value()) {
    result_ = {DeviceId((*first)->device_id()), *mailbox_id};
    return absl::OkStatus();
  }

  absl::StatusOr<DeviceId> sponsor_id = FindSponsor(txn);
  if (!sponsor_id.ok()) return sponsor_id.status();
  if (auto status = CheckCurrentEpoch(txn.head(), request_.epoch_id); !status.ok()) return status;

  absl::StatusOr<LogAppender> log = LogAppender::Open(txn, policy_, request_.partition, {request_.log_entry});
  if (!log.ok()) return log.status();
  absl::StatusOr<crypto::LogEntry> entry = log->Append(request_.log_entry);
  if (!entry.ok()) return entry.status();
  const auto body = crypto::AddDeviceBodyHash(request_.keys);
  if (auto status = CheckEntry(*entry, crypto::LogEntryKind::kAddDevice, body); !status.ok()) return status;
  if (auto status = CheckSubject(*entry, request_.keys); !status.ok()) return status;
  if (log->DeviceOf(entry->actor_device_key) != *sponsor_id) {
    return errors::InvalidField("log_entry", "not signed by the named sponsor");
  }

  absl::StatusOr<crypto::OrfServerState> orf = NewScalar(txn, *sponsor_id);
  if (!orf.ok()) return orf.status();
  const auto device = ToDeviceRecord(request_.keys, request_.sealed_label, txn.now_ms());
  if (auto status = AddDevice(txn, device_id_, device, orf->bytes().RevealSecret(), *sponsor_id); !status.ok()) {
    return status;
  }
  AddMember(txn, device_id_, request_.epoch_device_mac);
  storage_v1::RequestRecord answer;
  answer.set_device_id(device_id_.value());
  Remember(txn, request_.request, answer);
  result_ = {device_id_, *mailbox_id};
  return absl::OkStatus();
}

CreateVirtualDeviceOperation::CreateVirtualDeviceOperation(const Policy& policy, CreateVirtualDeviceRequest request,
                                                           RandomSource& random, Done done)
    : OperationWithResult(std::move(done)),
      policy_(policy),
      request_(std::move(request)),
      device_id_(random.NonZeroId()) {}

void CreateVirtualDeviceOperation::Need(const BatchState& state, std::vector<std::string>& keys) const {
  keys.push_back(keys::Request(request_.request.id));
  keys.push_back(keys::Device(request_.caller.device_id));
  keys.push_back(keys::OrfServer(request_.caller.device_id));
  keys.push_back(keys::VirtualDevice(request_.virtual_device_id));
  NeedForLog(state, {request_.log_entry}, keys);
}

absl::Status CreateVirtualDeviceOperation::Decide(Transaction& txn) {
  if (auto device = ActiveCaller(txn, request_.caller); !device.ok()) return device.status();
  auto first = Recall(txn, request_.request);
  if (!first.ok()) return first.status();
  if (first->has_value()) {
    result_ = DeviceId((*first)->device_id());
    return absl::OkStatus();
  }
  auto taken = txn.Get<storage_v1::VirtualDeviceRecord>(keys::VirtualDevice(request_.virtual_device_id));
  if (!taken.ok()) return taken.status();
  if (taken->has_value()) return errors::InvalidField("virtual_device_id", "in use");
  if (txn.head().rotation_required()) return errors::RotationRequired();
  if (auto status = CheckCurrentEpoch(txn.head(), request_.epoch_id); !status.ok()) return status;

  absl::StatusOr<LogAppender> log = LogAppender::Open(txn, policy_, request_.caller.partition, {request_.log_entry});
  if (!log.ok()) return log.status();
  absl::StatusOr<crypto::LogEntry> entry = log->Append(request_.log_entry);
  if (!entry.ok()) return entry.status();
  const auto body =
      crypto::AddVirtualDeviceBodyHash(request_.virtual_device_id, request_.keys.sig_30, request_.secrets);
  if (auto status = CheckEntry(*entry, crypto::LogEntryKind::kAddVirtualDevice, body); !status.ok()) return status;
  if (auto status = CheckSubject(*entry, request_.keys); !status.ok()) return status;
  if (log->DeviceOf(entry->actor_device_key) != request_.caller.device_id) {
    return errors::InvalidField("log_entry", "not signed by the calling device");
  }

  absl::StatusOr<crypto::OrfServerState> orf = EvolvedState(txn, request_.caller.device_id, request_.evolve_token);
  if (!orf.ok()) return orf.status();
  storage_v1::DeviceRecord device = ToDeviceRecord(request_.keys, {}, txn.now_ms());
  device.set_virtual_device_id(request_.virtual_device_id.str());
  const DeviceId creator = request_.caller.device_id;
  if (auto status = AddDevice(txn, device_id_, device, orf->bytes().RevealSecret(), creator); !status.ok()) {
    return status;
  }
  AddMember(txn, device_id_, request_.epoch_device_mac);

  storage_v1::VirtualDeviceRecord record;
  record.set_device_id(device_id_.value());
  record.set_epoch_id(request_.epoch_id.value());
  record.set_device_key_private(request_.secrets.device_key_private);
  record.set_epoch_storage_key_private(request_.secrets.epoch_storage_key_private);
  record.set_orf_client_state(request_.secrets.orf_client_state);
  record.set_mailbox_root_salt(request_.secrets.mailbox_root_salt);
  record.set_epoch_root_key(request_.secrets.epoch_root_key);
  record.set_epoch_sequence_id(request_.secrets.epoch_sequence_id);
  txn.Put(keys::VirtualDevice(request_.virtual_device_id), record);
  storage_v1::RequestRecord answer;
  answer.set_device_id(device_id_.value());
  Remember(txn, request_.request, answer);
  result_ = device_id_;
  return absl::OkStatus();
}

void RevokeDeviceOperation::Need(const BatchState& state, std::vector<std::string>& keys) const {
  keys.push_back(keys::Request(request_.request.id));
  keys.push_back(keys::Roster());
  keys.push_back(keys::Device(request_.device_id));
  if (request_.caller.has_value()) keys.push_back(keys::Device(request_.caller->device_id));
  if (request_.log_entry.has_value()) NeedForLog(state, {*request_.log_entry}, keys);
}

absl::Status RevokeDeviceOperation::Decide(Transaction& txn) {
  if (!txn.has_mailbox()) return errors::MailboxNotFound();
  // A repeat comes before the caller's own standing: a device that removed itself may ask again.
  auto first = Recall(txn, request_.request);
  if (!first.ok()) return first.status();
  if (first->has_value()) {
    result_ = (*first)->revision();
    return absl::OkStatus();
  }
  if (request_.caller.has_value()) {
    if (auto device = ActiveCaller(txn, *request_.caller); !device.ok()) return device.status();
  }
  auto target = txn.Get<storage_v1::DeviceRecord>(keys::Device(request_.device_id));
  if (!target.ok()) return target.status();
  if (!target->has_value()) return errors::DeviceNotFound();
  if ((*target)->revoked()) {
    result_ = txn.position().revision;
    return absl::OkStatus();
  }

  if (request_.log_entry.has_value()) {
    absl::StatusOr<LogAppender> log = LogAppender::Open(txn, policy_, request_.partition, {*request_.log_entry});
    if (!log.ok()) return log.status();
    absl::StatusOr<crypto::LogEntry> entry = log->Append(*request_.log_entry);
    if (!entry.ok()) return entry.status();
    if (auto status = CheckEntry(*entry, crypto::LogEntryKind::kRemove, {}); !status.ok()) return status;
    if (log->DeviceOf(entry->subject_device_key) != request_.device_id) {
      return errors::InvalidField("log_entry", "its subject is another device");
    }
    if (log->DeviceOf(entry->actor_device_key) != request_.caller->device_id) {
      return errors::InvalidField("log_entry", "not signed by the calling device");
    }
  }
  const DeviceId by = request_.caller.has_value() ? request_.caller->device_id : DeviceId();
  if (auto status = RevokeDevice(txn, request_.device_id, request_.log_entry.has_value(), by); !status.ok()) {
    return status;
  }
  txn.mutable_head().set_rotation_required(true);
  Remember(txn, request_.request, {});
  result_ = txn.commit_revision();
  return absl::OkStatus();
}

}  // namespace labyrinth::mailbox
