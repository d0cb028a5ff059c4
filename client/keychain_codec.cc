#include "client/keychain_codec.h"

#include <fmt/format.h>

#include <cstring>
#include <string_view>
#include <utility>

#include "client/keychain.pb.h"
#include "client/wipe.h"
#include "crypto/primitives/hash.h"

namespace labyrinth::client {
namespace {

constexpr std::string_view kMagicPrefix = "labyrinth-keychain/";
constexpr std::string_view kMagic = "labyrinth-keychain/1\n";

absl::Status Damaged(std::string_view where) {
  return absl::FailedPreconditionError(
      fmt::format("profile: the keychain is damaged ({}): put a copy of it back, or join with a recovery code into "
                  "another profile",
                  where));
}

std::string Bytes(const crypto::Secret& secret) { return std::string(secret.RevealSecret()); }

// --- to protobuf ---

void Encode(const crypto::LogPosition& position, v1::LogPosition& out) {
  out.set_length(position.length);
  out.set_head(position.head.str());
}

void Encode(const crypto::Epoch& epoch, v1::EpochKey& out) {
  out.set_sequence_id(static_cast<uint32_t>(epoch.sequence_id));
  out.set_epoch_id(epoch.id.value());
  out.set_root_key(Bytes(epoch.root_key));
}

void Encode(const Enrolment& enrolment, v1::Enrolment& out) {
  out.set_mailbox_id(enrolment.mailbox_id.str());
  out.set_device_id(enrolment.device_id.value());
  const crypto::DeviceSecrets& secrets = enrolment.secrets;
  auto& device = *out.mutable_secrets();
  device.set_device_key_private(Bytes(secrets.device_key.private_key));
  device.set_epoch_storage_key_private(Bytes(secrets.epoch_storage_key.private_key));
  if (secrets.epoch_storage_auth_key.has_value()) {
    device.set_epoch_storage_auth_key_private(Bytes(secrets.epoch_storage_auth_key->private_key));
  }
  device.set_sig_30(secrets.public_keys.sig_30.str());
  if (secrets.public_keys.sig_31.has_value()) device.set_sig_31(secrets.public_keys.sig_31->str());
  device.set_orf_client_state(Bytes(secrets.orf.bytes()));
  out.set_mailbox_root_salt(Bytes(enrolment.mailbox_root_salt));
  for (const crypto::Epoch& epoch : enrolment.epochs.epochs()) Encode(epoch, *out.add_epochs());
  for (const crypto::Epoch& epoch : enrolment.lost_epochs) Encode(epoch, *out.add_lost_epochs());
  for (const crypto::PublicKey& key : enrolment.removed_keys) out.add_removed_keys(key.str());
  out.set_generation(enrolment.generation);
  Encode(enrolment.log, *out.mutable_log());
  out.set_next_change_number(enrolment.next_change_number);
  out.set_fresh_epoch_required(enrolment.fresh_epoch_required);
  if (enrolment.sponsor_log.has_value()) Encode(*enrolment.sponsor_log, *out.mutable_sponsor_log());
  out.set_last_write_ms(enrolment.last_write_ms);
}

void Encode(const PendingCreateMailbox& pending, v1::PendingOperation& out) {
  out.mutable_create_mailbox()->set_request(Bytes(pending.request));
  Encode(pending.enrolment, *out.mutable_create_mailbox()->mutable_enrolment());
  out.mutable_create_mailbox()->set_root_key(Bytes(pending.root_key));
}
void Encode(const PendingRegisterDevice& pending, v1::PendingOperation& out) {
  out.mutable_register_device()->set_request(Bytes(pending.request));
  Encode(pending.enrolment, *out.mutable_register_device()->mutable_enrolment());
}
void Encode(const PendingOpenEpoch& pending, v1::PendingOperation& out) {
  auto& open = *out.mutable_open_epoch();
  open.set_request(Bytes(pending.request));
  open.set_sequence_id(pending.sequence_id);
  open.set_root_key(Bytes(pending.root_key));
  Encode(pending.log, *open.mutable_log());
}
void Encode(const PendingRevokeDevice& pending, v1::PendingOperation& out) {
  out.mutable_revoke_device()->set_request(Bytes(pending.request));
  Encode(pending.log, *out.mutable_revoke_device()->mutable_log());
}

void Encode(const OneTimeCounters& counters, v1::OneTimeCounters& out) {
  if (counters.enrollment_id.has_value()) out.set_enrollment_id(counters.enrollment_id->str());
  out.set_guesses(counters.guesses);
  for (const int64_t at_ms : counters.guess_ms) out.add_guess_ms(at_ms);
  for (const int64_t at_ms : counters.consent_ms) out.add_consent_ms(at_ms);
}

// --- from protobuf ---

absl::StatusOr<crypto::LogPosition> Decode(const v1::LogPosition& in) {
  const auto head = crypto::LogHead::From(in.head());
  if (!head.has_value()) return Damaged("membership log");
  return crypto::LogPosition{.length = in.length(), .head = *head};
}

absl::StatusOr<crypto::DeviceSecrets> Decode(const v1::DeviceSecrets& in) {
  auto device_key = crypto::KeyPair::FromPrivate(crypto::Secret::CopyOf(in.device_key_private()));
  auto storage_key = crypto::KeyPair::FromPrivate(crypto::Secret::CopyOf(in.epoch_storage_key_private()));
  auto auth_key = crypto::KeyPair::FromPrivate(crypto::Secret::CopyOf(in.epoch_storage_auth_key_private()));
  auto orf = crypto::OrfClientState::Parse(crypto::Secret::CopyOf(in.orf_client_state()));
  const auto sig_30 = crypto::Signature::From(in.sig_30());
  const auto sig_31 = crypto::Signature::From(in.sig_31());
  if (!device_key.ok() || !storage_key.ok() || !auth_key.ok() || !orf.ok() || !sig_30 || !sig_31) {
    return Damaged("device keys");
  }
  const crypto::DevicePublicKeys public_keys{.device_key = device_key->public_key,
                                             .epoch_storage_key = storage_key->public_key,
                                             .epoch_storage_auth_key = auth_key->public_key,
                                             .sig_30 = *sig_30,
                                             .sig_31 = sig_31};
  auto secrets =
      crypto::DeviceSecrets::FromParts(std::move(device_key->private_key), std::move(storage_key->private_key),
                                       std::move(auth_key->private_key), *std::move(orf), public_keys);
  if (!secrets.ok()) return Damaged("device keys");
  return secrets;
}

absl::StatusOr<crypto::Epoch> Decode(const v1::EpochKey& in) {
  if (in.root_key().size() != crypto::kEpochRootKeyBytes) return Damaged("epoch keys");
  return crypto::Epoch{EpochId(in.epoch_id()), in.sequence_id(), crypto::Secret::CopyOf(in.root_key())};
}

absl::StatusOr<Enrolment> Decode(const v1::Enrolment& in) {
  auto secrets = Decode(in.secrets());
  if (!secrets.ok()) return secrets.status();
  auto log = Decode(in.log());
  if (!log.ok()) return log.status();
  const auto mailbox_id = MailboxId::From(in.mailbox_id());
  if (!mailbox_id.has_value()) return Damaged("mailbox id");
  KnownEpochs epochs;
  for (const v1::EpochKey& key : in.epochs()) {
    auto epoch = Decode(key);
    if (!epoch.ok()) return epoch.status();
    if (!epochs.Append(*std::move(epoch)).ok()) return Damaged("epoch keys");
  }
  std::vector<crypto::Epoch> lost_epochs;
  for (const v1::EpochKey& key : in.lost_epochs()) {
    auto epoch = Decode(key);
    if (!epoch.ok()) return epoch.status();
    lost_epochs.push_back(*std::move(epoch));
  }
  std::set<crypto::PublicKey> removed_keys;
  for (const std::string& bytes : in.removed_keys()) {
    const auto key = crypto::PublicKey::From(bytes);
    if (!key.has_value()) return Damaged("removed devices");
    removed_keys.insert(*key);
  }
  std::optional<crypto::LogPosition> sponsor_log;
  if (in.has_sponsor_log()) {
    auto position = Decode(in.sponsor_log());
    if (!position.ok()) return position.status();
    sponsor_log = *position;
  }
  return Enrolment{.mailbox_id = *mailbox_id,
                   .device_id = DeviceId(in.device_id()),
                   .secrets = *std::move(secrets),
                   .mailbox_root_salt = crypto::Secret::CopyOf(in.mailbox_root_salt()),
                   .epochs = std::move(epochs),
                   .log = *log,
                   .next_change_number = in.next_change_number(),
                   .fresh_epoch_required = in.fresh_epoch_required(),
                   .sponsor_log = sponsor_log,
                   .last_write_ms = in.last_write_ms(),
                   .generation = in.generation(),
                   .removed_keys = std::move(removed_keys),
                   .lost_epochs = std::move(lost_epochs)};
}

absl::StatusOr<PendingOperation> Decode(const v1::PendingOperation& in) {
  switch (in.operation_case()) {
    case v1::PendingOperation::kCreateMailbox: {
      auto enrolment = Decode(in.create_mailbox().enrolment());
      if (!enrolment.ok()) return enrolment.status();
      return PendingCreateMailbox{crypto::Secret::CopyOf(in.create_mailbox().request()), *std::move(enrolment),
                                  crypto::Secret::CopyOf(in.create_mailbox().root_key())};
    }
    case v1::PendingOperation::kRegisterDevice: {
      auto enrolment = Decode(in.register_device().enrolment());
      if (!enrolment.ok()) return enrolment.status();
      return PendingRegisterDevice{crypto::Secret::CopyOf(in.register_device().request()), *std::move(enrolment)};
    }
    case v1::PendingOperation::kOpenEpoch: {
      const auto& open = in.open_epoch();
      auto log = Decode(open.log());
      if (!log.ok()) return log.status();
      return PendingOpenEpoch{crypto::Secret::CopyOf(open.request()), open.sequence_id(),
                              crypto::Secret::CopyOf(open.root_key()), *log};
    }
    case v1::PendingOperation::kRevokeDevice: {
      auto log = Decode(in.revoke_device().log());
      if (!log.ok()) return log.status();
      return PendingRevokeDevice{crypto::Secret::CopyOf(in.revoke_device().request()), *log};
    }
    case v1::PendingOperation::OPERATION_NOT_SET:
      break;
  }
  return Damaged("pending operation");
}

absl::StatusOr<OneTimeCounters> Decode(const v1::OneTimeCounters& in) {
  OneTimeCounters counters;
  if (!in.enrollment_id().empty()) {
    counters.enrollment_id = crypto::EnrollmentId::From(in.enrollment_id());
    if (!counters.enrollment_id.has_value()) return Damaged("one-time codes");
  }
  counters.guesses = in.guesses();
  counters.guess_ms.assign(in.guess_ms().begin(), in.guess_ms().end());
  counters.consent_ms.assign(in.consent_ms().begin(), in.consent_ms().end());
  return counters;
}

absl::StatusOr<KeychainState> Decode(const v1::Keychain& in) {
  KeychainState state;
  state.server_name = in.server_name();
  state.account_id = in.account_id();
  if (in.has_enrolment()) {
    auto enrolment = Decode(in.enrolment());
    if (!enrolment.ok()) return enrolment.status();
    if (!enrolment->device_id.valid() || enrolment->epochs.empty()) return Damaged("enrolment");
    state.enrolment = *std::move(enrolment);
  }
  if (in.has_pending()) {
    auto pending = Decode(in.pending());
    if (!pending.ok()) return pending.status();
    state.pending = *std::move(pending);
  }
  if (in.has_pending_code()) {
    auto log = Decode(in.pending_code().log());
    if (!log.ok()) return log.status();
    state.pending_code = PendingRecoveryCode{crypto::Secret::CopyOf(in.pending_code().request()),
                                             crypto::Secret::CopyOf(in.pending_code().code()), *log};
  }
  auto one_time = Decode(in.one_time());
  if (!one_time.ok()) return one_time.status();
  state.one_time = *std::move(one_time);
  return state;
}

}  // namespace

crypto::Secret EncodeKeychain(const KeychainState& state) {
  Wiped<v1::Keychain> message;
  message->set_server_name(state.server_name);
  message->set_account_id(state.account_id);
  if (state.enrolment.has_value()) Encode(*state.enrolment, *message->mutable_enrolment());
  if (state.pending.has_value()) {
    std::visit([&](const auto& pending) { Encode(pending, *message->mutable_pending()); }, *state.pending);
  }
  if (state.pending_code.has_value()) {
    auto& pending = *message->mutable_pending_code();
    pending.set_request(Bytes(state.pending_code->request));
    pending.set_code(Bytes(state.pending_code->code));
    Encode(state.pending_code->log, *pending.mutable_log());
  }
  Encode(state.one_time, *message->mutable_one_time());
  const crypto::Secret body = SerializeSecret(*message);
  const crypto::Sha256Digest digest = crypto::Sha256(body.RevealSecret());

  crypto::Secret file(kMagic.size() + digest.kSize + body.size());
  uint8_t* out = file.MutableSecret().data();
  std::memcpy(out, kMagic.data(), kMagic.size());
  std::memcpy(out + kMagic.size(), digest.data(), digest.kSize);
  std::memcpy(out + kMagic.size() + digest.kSize, body.RevealSecret().data(), body.size());
  return file;
}

absl::StatusOr<KeychainState> DecodeKeychain(const crypto::Secret& file) {
  std::string_view rest = file.RevealSecret();
  if (rest.substr(0, kMagicPrefix.size()) != kMagicPrefix) return Damaged("not a keychain");
  if (rest.substr(0, kMagic.size()) != kMagic) {
    return absl::FailedPreconditionError(
        "profile: the keychain has a newer format: use a newer version of this program");
  }
  rest.remove_prefix(kMagic.size());
  if (rest.size() < crypto::Sha256Digest::kSize) return Damaged("truncated");
  const std::string_view digest = rest.substr(0, crypto::Sha256Digest::kSize);
  rest.remove_prefix(digest.size());
  if (crypto::Sha256(rest).view() != digest) return Damaged("digest");
  Wiped<v1::Keychain> message;
  if (!message->ParseFromArray(rest.data(), static_cast<int>(rest.size()))) return Damaged("format");
  return Decode(*message);
}

}  // namespace labyrinth::client
