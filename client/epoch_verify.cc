#include "client/epoch_verify.h"

#include <fmt/format.h>

#include <utility>

#include "client/convert.h"
#include "common/limits.h"
#include "crypto/labyrinth/epoch_chain.h"

namespace labyrinth::client {
namespace {

absl::Status Wrong(uint64_t sequence_id, std::string_view what) {
  return Violation(fmt::format("epoch {}: {}", sequence_id, what));
}
absl::Status Wrong(uint64_t sequence_id, std::string_view what, const absl::Status& inner) {
  return Violation(fmt::format("epoch {}: {}", sequence_id, what), inner);
}

// The record's opener as the log knows it.
absl::StatusOr<crypto::DevicePublicKeys> CheckOpener(const v1::Epoch& record, const VerifiedLog& log) {
  const uint64_t sequence_id = record.sequence_id();
  const VerifiedLog::Opening* opening = log.FindOpening(sequence_id);
  if (opening == nullptr) return Wrong(sequence_id, "the membership log doesn't know it");
  auto keys = FromProto(record.opener().keys());
  if (!keys.ok()) return Wrong(sequence_id, "opener", keys.status());
  const crypto::LogMember* member = log.state().Find(opening->opener);
  if (member == nullptr || keys->device_key != opening->opener ||
      keys->epoch_storage_key != member->epoch_storage_key ||
      keys->epoch_storage_auth_key != member->epoch_storage_auth_key) {
    return Wrong(sequence_id, "its opener isn't the one that the membership log names");
  }
  if (absl::Status s = crypto::VerifyDeviceSignatures(*keys); !s.ok()) return Wrong(sequence_id, "opener", s);
  return keys;
}

absl::Status CheckCommitment(const crypto::Epoch& epoch, const v1::Epoch& record, const crypto::Commitment& expected) {
  const auto commitment = crypto::OpenCommitment(record.commitment(), epoch.root_key, epoch.sequence_id);
  if (!commitment.ok()) return Wrong(epoch.sequence_id, "commitment", commitment.status());
  if (commitment->log_index != expected.log_index) {
    return Wrong(epoch.sequence_id, "its commitment stands at another log index: an entry was added or withheld");
  }
  if (commitment->head != expected.head) {
    return Wrong(epoch.sequence_id, "its commitment has another log head: the membership log is forked");
  }
  if (commitment->members_hash != expected.members_hash) {
    return Wrong(epoch.sequence_id, "its commitment names other members than the membership log");
  }
  return absl::OkStatus();
}

absl::StatusOr<crypto::MacTag> OpenerPreviousMac(const v1::Epoch& record) {
  const auto mac = crypto::MacTag::From(record.opener_previous_mac());
  if (!mac.has_value()) return Wrong(record.sequence_id(), "the opener's MAC in the previous epoch has the wrong size");
  return *mac;
}

}  // namespace

const v1::Member* FindMember(const v1::Epoch& record, DeviceId device_id) {
  const v1::Member* found = nullptr;
  for (const v1::Member& member : record.members()) {
    if (member.device_id() != device_id.value()) continue;
    if (found != nullptr) return nullptr;
    found = &member;
  }
  return found;
}

absl::Status CheckMemberMac(const crypto::Epoch& epoch, const v1::Epoch& record, DeviceId device_id,
                            const crypto::PublicKey& device_key) {
  const v1::Member* member = FindMember(record, device_id);
  if (member == nullptr) return Wrong(epoch.sequence_id, "it doesn't list the device exactly once");
  const auto mac = crypto::MacTag::From(member->epoch_device_mac());
  if (!mac.has_value() || !crypto::VerifyEpochDeviceMac(epoch, device_key, *mac)) {
    return Wrong(epoch.sequence_id, "the device's MAC in it doesn't verify");
  }
  return absl::OkStatus();
}

absl::Status CheckRecord(const crypto::Epoch& epoch, const v1::Epoch& record, const VerifiedLog& log) {
  if (record.sequence_id() != epoch.sequence_id) return Wrong(epoch.sequence_id, "the record has another sequence id");
  if (record.epoch_id() != epoch.id.value()) return Wrong(epoch.sequence_id, "the record has another epoch id");
  const auto opener = CheckOpener(record, log);
  if (!opener.ok()) return opener.status();
  return CheckCommitment(epoch, record, log.FindOpening(epoch.sequence_id)->commitment);
}

absl::StatusOr<crypto::Epoch> VerifyForward(const crypto::Epoch& previous, const v1::Epoch& record,
                                            const VerifiedLog& log, const Recipient& recipient) {
  const uint64_t sequence_id = previous.sequence_id + 1;
  if (record.sequence_id() != sequence_id)
    return Wrong(sequence_id, "missing: the server's chain has a gap or a repeat");
  if (!EpochId(record.epoch_id()).valid()) return Wrong(sequence_id, "invalid epoch id");
  const auto opener = CheckOpener(record, log);
  if (!opener.ok()) return opener.status();
  const auto mac = OpenerPreviousMac(record);
  if (!mac.ok()) return mac.status();
  const v1::Member* member = FindMember(record, recipient.device_id);
  if (member == nullptr) return Wrong(sequence_id, "it doesn't list this device exactly once");

  auto epoch = crypto::DecryptForward(previous, recipient.epoch_storage_key,
                                      {.id = EpochId(record.epoch_id()),
                                       .sequence_id = sequence_id,
                                       .opener = *opener,
                                       .opener_previous_mac = *mac,
                                       .encrypted_entropy = member->encrypted_entropy()});
  if (!epoch.ok()) return Wrong(sequence_id, "forward", epoch.status());
  const auto back = crypto::DecryptBackward(*epoch, previous.id, record.enc_prev_sequence(), record.enc_prev_root());
  if (!back.ok()) return Wrong(sequence_id, "previous secrets", back.status());
  if (!crypto::ConstantTimeEquals(back->root_key.RevealSecret(), previous.root_key.RevealSecret())) {
    return Wrong(sequence_id, "its previous secrets aren't those of the epoch before it");
  }
  if (absl::Status s = CheckRecord(*epoch, record, log); !s.ok()) return s;
  if (absl::Status s = CheckMemberMac(*epoch, record, recipient.device_id, recipient.device_key); !s.ok()) return s;
  return epoch;
}

absl::StatusOr<crypto::Epoch> VerifyBackward(const crypto::Epoch& current, const v1::Epoch& current_record,
                                             const v1::Epoch& previous_record, const VerifiedLog& log) {
  auto previous = crypto::DecryptBackward(current, EpochId(previous_record.epoch_id()),
                                          current_record.enc_prev_sequence(), current_record.enc_prev_root());
  if (!previous.ok()) return Wrong(current.sequence_id, "previous secrets", previous.status());
  const auto opener_key = crypto::PublicKey::From(current_record.opener().keys().device_key());
  const auto mac = OpenerPreviousMac(current_record);
  if (!mac.ok()) return mac.status();
  if (!opener_key.has_value() || !crypto::VerifyEpochDeviceMac(*previous, *opener_key, *mac)) {
    return Wrong(current.sequence_id, "the opener's MAC in the previous epoch doesn't verify");
  }
  if (absl::Status s = CheckRecord(*previous, previous_record, log); !s.ok()) return s;
  return previous;
}

}  // namespace labyrinth::client
