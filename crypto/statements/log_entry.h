// One entry of the membership log: its bytes, its signature and its head (protocol section 8).
#ifndef LABYRINTH_CRYPTO_STATEMENTS_LOG_ENTRY_H_
#define LABYRINTH_CRYPTO_STATEMENTS_LOG_ENTRY_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/bytes.h"
#include "common/limits.h"
#include "common/random.h"
#include "crypto/primitives/hash.h"
#include "crypto/primitives/secret.h"
#include "crypto/primitives/x25519.h"
#include "crypto/primitives/xeddsa.h"
#include "crypto/statements/device_keys.h"

namespace labyrinth::crypto {

enum class LogEntryKind : uint8_t {
  kCreate = 1,     // subject: the first device; actor: itself
  kAddDevice = 2,  // subject: the new device; actor: its sponsor (a member, or the virtual device of a recovery code)
  kAddVirtualDevice = 3,  // subject: the virtual device; actor: the member that creates it
  kRemove = 4,            // subject: the removed device; actor: the member that acts
  kOpenEpoch = 5,         // no subject; actor: the opener
  kCloseMailbox = 6,      // no subject; actor: the member that acts
};

// SHA-256("labyrinth_log_v1" || entry || signature); zeros before the first entry.
using LogHead = FixedBytes<32, struct LogHeadTag>;

// entry = 0x01 || kind u8 || index u64 || previous_head(32) || lv(server_name) || lv(account_id) || time_ms i64
//         || subject_kind u8 || subject deviceKeyPub(32) || epochStorageKeyPub(32) || epochStorageAuthKeyPub(32)
//         || epoch_sequence u32 || body_hash(32) || actor deviceKeyPub(32)
// Keys are raw. Value type; whether it may follow a given log is log_chain.h's and membership.h's question.
struct LogEntry {
  LogEntryKind kind = LogEntryKind::kCreate;
  uint64_t index = 0;
  LogHead previous_head;    // zeros at index 0
  std::string server_name;  // not empty
  std::string account_id;   // 1 to limits::kAccountIdBytes
  int64_t time_ms = 0;      // the signer's clock, 0 to limits::kTimestampMs; not necessarily ascending
  SubjectKind subject_kind = SubjectKind::kNone;
  PublicKey subject_device_key;  // these three are zeros without a subject
  PublicKey subject_epoch_storage_key;
  PublicKey subject_epoch_storage_auth_key;  // zeros for a virtual device
  uint32_t epoch_sequence = 0;  // create: 0; open epoch: the new epoch's; else the epoch current when signing
  Sha256Digest body_hash;       // log_body.h
  PublicKey actor_device_key;

  friend bool operator==(const LogEntry&, const LogEntry&) = default;
};

// Sets the subject fields from a device's keys.
void SetSubject(LogEntry& entry, const DevicePublicKeys& keys);

// The bytes of everything but the two names: an entry's names together have limits::kLogEntryBytes less this, so a
// server name of at most 33 bytes goes with every account id.
inline constexpr uint32_t kLogEntryFixedBytes = 223;

// OK, or INVALID_FIELD naming the field that breaks a rule above or doesn't fit the kind: which subject it has, a
// create entry that isn't the first or isn't signed by its subject, a body hash where there is no body, a sequence that
// no epoch has.
absl::Status CheckShape(const LogEntry& entry);

// Errors of CheckShape, or LIMIT_EXCEEDED if the bytes would pass limits::kLogEntryBytes.
absl::StatusOr<std::string> EncodeLogEntry(const LogEntry& entry);

// The inverse, for bytes from outside: it accepts exactly what EncodeLogEntry makes. LIMIT_EXCEEDED over 512 bytes;
// INVALID_FIELD for another version, an unknown kind, truncated or surplus bytes; errors of CheckShape.
absl::StatusOr<LogEntry> DecodeLogEntry(std::string_view bytes);

// What travels: exactly the signed bytes, and the signature over them.
struct SignedLogEntry {
  std::string entry;
  Signature signature;

  LogHead Head() const;
  friend bool operator==(const SignedLogEntry&, const SignedLogEntry&) = default;
};

// pk_sign(actor's device key, 0xA1, entry). `device_private_key` must be that of entry.actor_device_key (else
// INVALID_ARGUMENT). Errors of EncodeLogEntry.
absl::StatusOr<SignedLogEntry> SignLogEntry(const LogEntry& entry, const Secret& device_private_key,
                                            RandomSource& random);

// OK, or INVALID_FIELD. `actor` is the decoded entry's actor_device_key.
absl::Status VerifyLogSignature(const SignedLogEntry& signed_entry, const PublicKey& actor);

LogHead HeadOf(std::string_view entry_bytes, const Signature& signature);

}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_STATEMENTS_LOG_ENTRY_H_
