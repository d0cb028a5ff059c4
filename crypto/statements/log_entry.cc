#include "crypto/statements/log_entry.h"

#include <fmt/format.h>

#include "common/errors.h"
#include "crypto/statements/codec.h"
#include "crypto/statements/domains.h"

namespace labyrinth::crypto {
namespace {

absl::Status Wrong(std::string_view field, std::string_view why) {
  return errors::InvalidField(fmt::format("log_entry.{}", field), why);
}

bool IsKind(uint8_t value) {
  return value >= static_cast<uint8_t>(LogEntryKind::kCreate) &&
         value <= static_cast<uint8_t>(LogEntryKind::kCloseMailbox);
}

bool SubjectFits(LogEntryKind kind, SubjectKind subject) {
  switch (kind) {
    case LogEntryKind::kCreate:
    case LogEntryKind::kAddDevice:
      return subject == SubjectKind::kPhysical;
    case LogEntryKind::kAddVirtualDevice:
      return subject == SubjectKind::kVirtual;
    case LogEntryKind::kRemove:
      return subject == SubjectKind::kPhysical || subject == SubjectKind::kVirtual;
    case LogEntryKind::kOpenEpoch:
    case LogEntryKind::kCloseMailbox:
      return subject == SubjectKind::kNone;
  }
  return false;
}

absl::Status CheckSubjectKeys(const LogEntry& entry) {
  if (!SubjectFits(entry.kind, entry.subject_kind)) return Wrong("subject_kind", "doesn't fit the kind");
  const bool has_subject = entry.subject_kind != SubjectKind::kNone;
  const bool has_auth = entry.subject_kind == SubjectKind::kPhysical;
  if (entry.subject_device_key.IsZero() == has_subject) return Wrong("subject_device_key", "doesn't fit the subject");
  if (entry.subject_epoch_storage_key.IsZero() == has_subject) {
    return Wrong("subject_epoch_storage_key", "doesn't fit the subject");
  }
  if (entry.subject_epoch_storage_auth_key.IsZero() == has_auth) {
    return Wrong("subject_epoch_storage_auth_key", "doesn't fit the subject");
  }
  return absl::OkStatus();
}

absl::Status CheckNames(const LogEntry& entry) {
  if (entry.server_name.empty()) return Wrong("server_name", "is empty");
  if (entry.account_id.empty()) return Wrong("account_id", "is empty");
  if (entry.account_id.size() > limits::kAccountIdBytes) return Wrong("account_id", "is too long");
  return absl::OkStatus();
}

absl::Status CheckFirst(const LogEntry& entry) {
  if (entry.index != 0) return Wrong("index", "is not 0 at create");
  if (!entry.previous_head.IsZero()) return Wrong("previous_head", "is not zeros at create");
  if (entry.epoch_sequence != 0) return Wrong("epoch_sequence", "is not 0 at create");
  if (entry.actor_device_key != entry.subject_device_key) return Wrong("actor", "is not the first device at create");
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckShape(const LogEntry& entry) {
  if (!IsKind(static_cast<uint8_t>(entry.kind))) return Wrong("kind", "is unknown");
  if (auto status = CheckNames(entry); !status.ok()) return status;
  if (entry.time_ms < 0 || entry.time_ms > limits::kTimestampMs) return Wrong("time_ms", "is out of range");
  if (auto status = CheckSubjectKeys(entry); !status.ok()) return status;
  if (entry.actor_device_key.IsZero()) return Wrong("actor", "is absent");
  if (entry.epoch_sequence > limits::kEpochSequence) return Wrong("epoch_sequence", "is out of range");

  const bool bodiless = entry.kind == LogEntryKind::kRemove || entry.kind == LogEntryKind::kCloseMailbox;
  if (bodiless && !entry.body_hash.IsZero()) return Wrong("body_hash", "is not zeros in an entry without a body");
  if (entry.kind == LogEntryKind::kCreate) return CheckFirst(entry);
  if (entry.index == 0) return Wrong("index", "is 0 in an entry other than create");
  if (entry.kind == LogEntryKind::kOpenEpoch && entry.epoch_sequence == 0) {
    return Wrong("epoch_sequence", "is 0 in an opened epoch");
  }
  return absl::OkStatus();
}

void SetSubject(LogEntry& entry, const DevicePublicKeys& keys) {
  entry.subject_kind = keys.kind();
  entry.subject_device_key = keys.device_key;
  entry.subject_epoch_storage_key = keys.epoch_storage_key;
  entry.subject_epoch_storage_auth_key = keys.epoch_storage_auth_key.value_or(PublicKey());
}

absl::StatusOr<std::string> EncodeLogEntry(const LogEntry& entry) {
  if (auto status = CheckShape(entry); !status.ok()) return status;
  if (kLogEntryFixedBytes + entry.server_name.size() + entry.account_id.size() > limits::kLogEntryBytes) {
    return errors::LimitExceeded("log_entry", "log_entry_bytes", limits::kLogEntryBytes);
  }
  std::string out;
  AppendU8(out, domains::kLogEntryVersion);
  AppendU8(out, static_cast<uint8_t>(entry.kind));
  AppendU64(out, entry.index);
  out.append(entry.previous_head.view());
  AppendLv(out, entry.server_name);
  AppendLv(out, entry.account_id);
  AppendI64(out, entry.time_ms);
  AppendU8(out, static_cast<uint8_t>(entry.subject_kind));
  out.append(entry.subject_device_key.view());
  out.append(entry.subject_epoch_storage_key.view());
  out.append(entry.subject_epoch_storage_auth_key.view());
  AppendU32(out, entry.epoch_sequence);
  out.append(entry.body_hash.view());
  out.append(entry.actor_device_key.view());
  return out;
}

absl::StatusOr<LogEntry> DecodeLogEntry(std::string_view bytes) {
  if (bytes.size() > limits::kLogEntryBytes) {
    return errors::LimitExceeded("log_entry", "log_entry_bytes", limits::kLogEntryBytes);
  }
  ByteReader reader(bytes);
  if (reader.U8() != domains::kLogEntryVersion) return Wrong("version", "is not 1");
  LogEntry entry;
  entry.kind = static_cast<LogEntryKind>(reader.U8());
  entry.index = reader.U64();
  entry.previous_head = reader.Read<LogHead>();
  entry.server_name = reader.Lv(limits::kLogEntryBytes);
  entry.account_id = reader.Lv(limits::kAccountIdBytes);
  entry.time_ms = reader.I64();
  entry.subject_kind = static_cast<SubjectKind>(reader.U8());
  entry.subject_device_key = reader.Read<PublicKey>();
  entry.subject_epoch_storage_key = reader.Read<PublicKey>();
  entry.subject_epoch_storage_auth_key = reader.Read<PublicKey>();
  entry.epoch_sequence = reader.U32();
  entry.body_hash = reader.Read<Sha256Digest>();
  entry.actor_device_key = reader.Read<PublicKey>();
  if (!reader.AtEnd()) return Wrong("length", "the bytes are truncated or too many");
  if (auto status = CheckShape(entry); !status.ok()) return status;
  return entry;
}

LogHead SignedLogEntry::Head() const { return HeadOf(entry, signature); }

absl::StatusOr<SignedLogEntry> SignLogEntry(const LogEntry& entry, const Secret& device_private_key,
                                            RandomSource& random) {
  const auto signer = KeyPair::FromPrivate(device_private_key.Clone());
  if (!signer.ok()) return signer.status();
  if (signer->public_key != entry.actor_device_key) {
    return absl::InvalidArgumentError("the log entry's actor is not the signing device");
  }
  auto bytes = EncodeLogEntry(entry);
  if (!bytes.ok()) return bytes.status();
  const auto signature = Sign(device_private_key, SignatureUse::kLogEntry, *bytes, random);
  if (!signature.ok()) return signature.status();
  return SignedLogEntry{*std::move(bytes), *signature};
}

absl::Status VerifyLogSignature(const SignedLogEntry& signed_entry, const PublicKey& actor) {
  if (!Verify(actor, SignatureUse::kLogEntry, signed_entry.entry, signed_entry.signature).ok()) {
    return Wrong("signature", "is not the actor's");
  }
  return absl::OkStatus();
}

LogHead HeadOf(std::string_view entry_bytes, const Signature& signature) {
  std::string input(domains::kLogHead);
  input.append(entry_bytes);
  input.append(signature.view());
  return *LogHead::From(Sha256(input).view());
}

}  // namespace labyrinth::crypto
