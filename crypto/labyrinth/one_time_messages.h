// What the two devices of a one-time code tell each other (protocol section 4), as bytes: the associated data of both
// and the payload of each step of proto/labyrinth/v1/enrollment.proto. Integers are big-endian, keys raw.
//
//   CONSENT  nO(16)                 START    Ya(32)
//   ANSWER   Yb(32) || ADb(96)      CONFIRM  mac(32)
//   GRANT    mac(32) || encrypted bundle
//
// OPEN's payload is nN(16); REFUSE and RENEW have none.
#ifndef LABYRINTH_CRYPTO_LABYRINTH_ONE_TIME_MESSAGES_H_
#define LABYRINTH_CRYPTO_LABYRINTH_ONE_TIME_MESSAGES_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/bytes.h"
#include "common/ids.h"
#include "crypto/labyrinth/epoch_keys.h"
#include "crypto/labyrinth/orf_client.h"
#include "crypto/primitives/hash.h"
#include "crypto/primitives/ristretto.h"
#include "crypto/primitives/secret.h"
#include "crypto/primitives/x25519.h"
#include "crypto/statements/device_keys.h"
#include "crypto/statements/log_entry.h"

namespace labyrinth::crypto {

// ADa = deviceKeyPub(32) || epochStorageKeyPub(32) || epochStorageAuthKeyPub(32) || sig_30(64) || sig_31(64).
// INVALID_ARGUMENT for a virtual device's keys.
absl::StatusOr<std::string> EncodeNewDeviceData(const DevicePublicKeys& keys);

// ADb = deviceKeyPub(32) || labyrinthID(16) || epochID u64 || log index u64 || log head(32): what the old device holds
// to be true, at the time of its answer. Value type.
struct OldDeviceData {
  PublicKey device_key;
  MailboxId mailbox_id;
  EpochId epoch_id;
  uint64_t log_index = 0;  // of the last entry
  LogHead log_head;        // after it

  friend bool operator==(const OldDeviceData&, const OldDeviceData&) = default;
};

inline constexpr std::size_t kOldDeviceDataBytes = 96;

std::string EncodeOldDeviceData(const OldDeviceData& data);
// INVALID_ARGUMENT for another length, an unusable key or an epoch id that no epoch has.
absl::StatusOr<OldDeviceData> DecodeOldDeviceData(std::string_view bytes);

// ANSWER. `share` isn't judged here.
struct OneTimeAnswer {
  std::string share;            // Yb, 32 bytes
  std::string associated_data;  // ADb as it came, which is what T is over
  OldDeviceData old_device;     // ADb, decoded
};
std::string EncodeOneTimeAnswer(const Point& share, std::string_view associated_data);
// INVALID_ARGUMENT for another length; errors of DecodeOldDeviceData.
absl::StatusOr<OneTimeAnswer> DecodeOneTimeAnswer(std::string_view payload);

// GRANT.
struct OneTimeGrant {
  std::string mac;               // 32 bytes
  std::string encrypted_bundle;  // not empty
};
std::string EncodeOneTimeGrant(const MacTag& mac, std::string_view encrypted_bundle);
// INVALID_ARGUMENT for a payload without a bundle, or above limits::kEnrollmentPayloadBytes.
absl::StatusOr<OneTimeGrant> DecodeOneTimeGrant(std::string_view payload);

// What the new device needs to become a member. Move-only; wiped at the end.
struct OneTimeBundle {
  OrfClientState orf;        // temporaryClientState: relative to the temporary scalar that the server keeps
  Secret mailbox_root_salt;  // 32 bytes
  Epoch epoch;               // the current one: the new device chains backward from it
  SignedLogEntry add_entry;  // of the new device, by the old one
};

// 0x01 || temporaryClientState(32) || mailboxRootSalt(32) || epochRootKey(32) || epochID u64 || epochSequenceID u32
//   || lv(Add entry) || signature(64)
// INVALID_ARGUMENT for a field of another size or beyond its bounds.
absl::StatusOr<Secret> EncodeOneTimeBundle(const OneTimeBundle& bundle);
// Accepts exactly what EncodeOneTimeBundle makes, without judging the entry. DATA_DAMAGED for anything else.
absl::StatusOr<OneTimeBundle> DecodeOneTimeBundle(const Secret& bytes);

}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_LABYRINTH_ONE_TIME_MESSAGES_H_
