#include "crypto/labyrinth/one_time_messages.h"

#include <optional>
#include <utility>

#include "common/errors.h"
#include "common/limits.h"
#include "crypto/labyrinth/virtual_device.h"
#include "crypto/statements/codec.h"
#include "crypto/statements/domains.h"

namespace labyrinth::crypto {
namespace {

// Everything of a bundle but its entry.
constexpr std::size_t kBundleFixedBytes =
    1 + 32 + kMailboxRootSaltBytes + kEpochRootKeyBytes + 8 + 4 + 4 + Signature::kSize;

bool IsEpoch(EpochId id, uint64_t sequence_id) { return id.valid() && sequence_id <= limits::kEpochSequence; }

}  // namespace

absl::StatusOr<std::string> EncodeNewDeviceData(const DevicePublicKeys& keys) {
  if (keys.kind() != SubjectKind::kPhysical || !keys.sig_31.has_value()) {
    return absl::InvalidArgumentError("a one-time code enrols a physical device");
  }
  std::string out = keys.device_key.str();
  out.append(keys.epoch_storage_key.view());
  out.append(keys.epoch_storage_auth_key->view());
  out.append(keys.sig_30.view());
  out.append(keys.sig_31->view());
  return out;
}

std::string EncodeOldDeviceData(const OldDeviceData& data) {
  std::string out = data.device_key.str();
  out.append(data.mailbox_id.view());
  AppendU64(out, data.epoch_id.value());
  AppendU64(out, data.log_index);
  out.append(data.log_head.view());
  return out;
}

absl::StatusOr<OldDeviceData> DecodeOldDeviceData(std::string_view bytes) {
  ByteReader reader(bytes);
  OldDeviceData data;
  data.device_key = reader.Read<PublicKey>();
  data.mailbox_id = reader.Read<MailboxId>();
  data.epoch_id = EpochId(reader.U64());
  data.log_index = reader.U64();
  data.log_head = reader.Read<LogHead>();
  if (!reader.AtEnd()) return absl::InvalidArgumentError("one-time code: the old device's data has another length");
  if (IsBadPublicKey(data.device_key)) {
    return absl::InvalidArgumentError("one-time code: the old device's key isn't usable");
  }
  if (!data.epoch_id.valid()) return absl::InvalidArgumentError("one-time code: the old device names no epoch");
  return data;
}

std::string EncodeOneTimeAnswer(const Point& share, std::string_view associated_data) {
  std::string out = share.str();
  out.append(associated_data);
  return out;
}

absl::StatusOr<OneTimeAnswer> DecodeOneTimeAnswer(std::string_view payload) {
  if (payload.size() != Point::kSize + kOldDeviceDataBytes) {
    return absl::InvalidArgumentError("one-time code: the answer has another length");
  }
  const std::string_view associated_data = payload.substr(Point::kSize);
  const auto old_device = DecodeOldDeviceData(associated_data);
  if (!old_device.ok()) return old_device.status();
  return OneTimeAnswer{std::string(payload.substr(0, Point::kSize)), std::string(associated_data), *old_device};
}

std::string EncodeOneTimeGrant(const MacTag& mac, std::string_view encrypted_bundle) {
  std::string out = mac.str();
  out.append(encrypted_bundle);
  return out;
}

absl::StatusOr<OneTimeGrant> DecodeOneTimeGrant(std::string_view payload) {
  if (payload.size() > limits::kEnrollmentPayloadBytes) {
    return absl::InvalidArgumentError("one-time code: the grant is too long");
  }
  if (payload.size() <= MacTag::kSize) return absl::InvalidArgumentError("one-time code: the grant is too short");
  return OneTimeGrant{std::string(payload.substr(0, MacTag::kSize)), std::string(payload.substr(MacTag::kSize))};
}

absl::StatusOr<Secret> EncodeOneTimeBundle(const OneTimeBundle& bundle) {
  if (bundle.mailbox_root_salt.size() != kMailboxRootSaltBytes || bundle.epoch.root_key.size() != kEpochRootKeyBytes) {
    return absl::InvalidArgumentError("a mailbox root salt and an epoch root key have 32 bytes");
  }
  if (!IsEpoch(bundle.epoch.id, bundle.epoch.sequence_id)) return absl::InvalidArgumentError("not an epoch");
  if (bundle.add_entry.entry.size() > limits::kLogEntryBytes) return absl::InvalidArgumentError("not a log entry");
  std::string out;
  out.reserve(kBundleFixedBytes + bundle.add_entry.entry.size());  // so that growing leaves no copy behind
  out.push_back(domains::kOneTimeCodeBundleVersion);
  out.append(bundle.orf.bytes().RevealSecret());
  out.append(bundle.mailbox_root_salt.RevealSecret());
  out.append(bundle.epoch.root_key.RevealSecret());
  AppendU64(out, bundle.epoch.id.value());
  AppendU32(out, static_cast<uint32_t>(bundle.epoch.sequence_id));
  AppendLv(out, bundle.add_entry.entry);
  out.append(bundle.add_entry.signature.view());
  return Secret::TakeAndWipe(std::move(out));
}

absl::StatusOr<OneTimeBundle> DecodeOneTimeBundle(const Secret& bytes) {
  const absl::Status damaged = errors::DataDamaged("a one-time code's bundle");
  ByteReader reader(bytes.RevealSecret());
  const uint8_t version = reader.U8();
  auto orf = OrfClientState::Parse(Secret::CopyOf(reader.Bytes(32)));
  Secret salt = Secret::CopyOf(reader.Bytes(kMailboxRootSaltBytes));
  Secret root_key = Secret::CopyOf(reader.Bytes(kEpochRootKeyBytes));
  const EpochId epoch_id(reader.U64());
  const uint32_t sequence_id = reader.U32();
  const std::string_view entry = reader.Lv(limits::kLogEntryBytes);
  const Signature signature = reader.Read<Signature>();
  if (!reader.AtEnd() || version != domains::kOneTimeCodeBundleVersion) return damaged;
  if (!orf.ok() || !IsEpoch(epoch_id, sequence_id)) return damaged;
  return OneTimeBundle{*std::move(orf), std::move(salt), Epoch{epoch_id, sequence_id, std::move(root_key)},
                       SignedLogEntry{std::string(entry), signature}};
}

}  // namespace labyrinth::crypto
