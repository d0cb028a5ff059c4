#include "service/mailbox/mailbox_operations.h"

#include <utility>

#include "common/errors.h"
#include "crypto/statements/log_body.h"
#include "service/mailbox/membership.h"

namespace labyrinth::mailbox {

namespace keys = storage::keys;

namespace {

CreateMailboxResponse DrawIds(RandomSource& random) {
  CreateMailboxResponse ids;
  random.Fill({ids.mailbox_id.data(), MailboxId::kSize});
  ids.device_id = DeviceId(random.NonZeroId());
  ids.epoch_id = EpochId(random.NonZeroId());
  return ids;
}

}  // namespace

CreateMailboxOperation::CreateMailboxOperation(const Policy& policy, CreateMailboxRequest request, RandomSource& random,
                                               Done done)
    : OperationWithResult(std::move(done)),
      policy_(policy),
      request_(std::move(request)),
      ids_(DrawIds(random)),
      orf_server_state_(crypto::OrfServerState::Generate(random)) {}

void CreateMailboxOperation::Need(const BatchState& state, std::vector<std::string>& keys) const {
  keys.push_back(keys::Request(request_.request.id));
  NeedForLog(state, {request_.log_entry}, keys);
}

absl::Status CreateMailboxOperation::Decide(Transaction& txn) {
  if (txn.has_mailbox()) {
    auto first = Recall(txn, request_.request);
    if (!first.ok()) return first.status();
    if (!first->has_value()) return errors::MailboxExists();
    const auto mailbox_id = MailboxId::From(txn.head().mailbox_id());
    if (!mailbox_id.has_value()) return errors::DataDamaged("MailboxHead.mailbox_id");
    result_ = {*mailbox_id, DeviceId((*first)->device_id()), EpochId((*first)->epoch_id())};
    return absl::OkStatus();
  }

  absl::StatusOr<LogAppender> log = LogAppender::Open(txn, policy_, request_.partition, {request_.log_entry});
  if (!log.ok()) return log.status();
  storage_v1::MailboxHead& head = txn.mutable_head();
  head.set_version(storage::kSchemaVersion);
  head.set_mailbox_id(ids_.mailbox_id.str());
  head.set_create_ms(txn.now_ms());
  head.set_current_epoch_id(ids_.epoch_id.value());
  head.set_current_sequence_id(0);

  absl::StatusOr<crypto::LogEntry> entry = log->Append(request_.log_entry);
  if (!entry.ok()) return entry.status();
  const auto body = crypto::CreateBodyHash(request_.keys, request_.epoch_device_mac);
  if (auto status = CheckEntry(*entry, crypto::LogEntryKind::kCreate, body); !status.ok()) return status;
  if (auto status = CheckSubject(*entry, request_.keys); !status.ok()) return status;

  const auto device = ToDeviceRecord(request_.keys, request_.sealed_label, txn.now_ms());
  const std::string_view scalar = orf_server_state_.bytes().RevealSecret();
  if (auto status = AddDevice(txn, ids_.device_id, device, scalar, ids_.device_id); !status.ok()) return status;
  storage_v1::EpochRecord epoch;
  epoch.set_epoch_id(ids_.epoch_id.value());
  epoch.set_opener_device_id(ids_.device_id.value());
  epoch.set_commitment(request_.commitment);
  epoch.set_revision(txn.commit_revision());
  epoch.set_create_ms(txn.now_ms());
  txn.Put(keys::Epoch(0), epoch);
  storage_v1::MemberRecord member;
  member.set_epoch_device_mac(request_.epoch_device_mac.str());
  txn.Put(keys::Member(0, ids_.device_id), member);
  txn.AddChange(storage_v1::CHANGE_KIND_EPOCH_OPENED, ids_.device_id).set_sequence_id(0);

  storage_v1::RequestRecord answer;
  answer.set_device_id(ids_.device_id.value());
  answer.set_epoch_id(ids_.epoch_id.value());
  Remember(txn, request_.request, answer);
  result_ = ids_;
  return absl::OkStatus();
}

void DeleteMailboxOperation::Need(const BatchState& state, std::vector<std::string>& keys) const {
  keys.push_back(keys::Device(request_.caller.device_id));
  NeedForLog(state, {request_.log_entry}, keys);
}

absl::Status DeleteMailboxOperation::Decide(Transaction& txn) {
  if (!txn.has_mailbox() && txn.position().incarnation == request_.caller.incarnation + 1) return absl::OkStatus();
  if (auto device = ActiveCaller(txn, request_.caller); !device.ok()) return device.status();
  absl::StatusOr<LogAppender> log = LogAppender::Open(txn, policy_, request_.caller.partition, {request_.log_entry});
  if (!log.ok()) return log.status();
  absl::StatusOr<crypto::LogEntry> entry = log->Append(request_.log_entry);
  if (!entry.ok()) return entry.status();
  if (auto status = CheckEntry(*entry, crypto::LogEntryKind::kCloseMailbox, {}); !status.ok()) return status;
  if (log->DeviceOf(entry->actor_device_key) != request_.caller.device_id) {
    return errors::InvalidField("log_entry", "not signed by the calling device");
  }
  txn.Drop();
  return absl::OkStatus();
}

void NoteSignInOperation::Need(const BatchState&, std::vector<std::string>& keys) const {
  keys.push_back(keys::Device(caller_.device_id));
}

absl::Status NoteSignInOperation::Decide(Transaction& txn) {
  // Not ActiveCaller: virtual devices sign in too.
  if (auto status = CheckMailbox(txn, caller_); !status.ok()) return status;
  auto device = txn.GetExisting<storage_v1::DeviceRecord>(keys::Device(caller_.device_id));
  if (!device.ok()) return device.status();
  if (device->revoked()) return errors::DeviceRevoked();
  const int64_t day = DayOf(txn.now_ms());
  if (device->last_seen_day_ms() == day) return absl::OkStatus();
  device->set_last_seen_day_ms(day);
  txn.Put(keys::Device(caller_.device_id), *device);
  txn.LeaveNoTrace();
  return absl::OkStatus();
}

}  // namespace labyrinth::mailbox
