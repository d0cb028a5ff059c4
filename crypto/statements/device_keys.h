// The public half of a device (protocol sections 2 and 3), as the API carries it and the server keeps it.
#ifndef LABYRINTH_CRYPTO_STATEMENTS_DEVICE_KEYS_H_
#define LABYRINTH_CRYPTO_STATEMENTS_DEVICE_KEYS_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "crypto/primitives/x25519.h"
#include "crypto/primitives/xeddsa.h"

namespace labyrinth::crypto {

// The values of log entries (subject_kind) and of the session statement (kind).
enum class SubjectKind : uint8_t {
  kNone = 0,      // entries without a subject: open epoch, close mailbox
  kPhysical = 1,  // has an epochStorageAuthKey
  kVirtual = 2,   // stands for a recovery code: no epochStorageAuthKey, read-only
};

// A virtual device has neither epoch_storage_auth_key nor sig_31; a physical one has both. Signatures are randomised
// and the membership log pins them, so a device makes them once and keeps them. Value type.
struct DevicePublicKeys {
  PublicKey device_key;
  PublicKey epoch_storage_key;
  std::optional<PublicKey> epoch_storage_auth_key;
  Signature sig_30;                 // pk_sign(deviceKey, 0x30, epochStorageKeyPub), over the raw 32 bytes
  std::optional<Signature> sig_31;  // pk_sign(deviceKey, 0x31, epochStorageAuthKeyPub)

  SubjectKind kind() const { return epoch_storage_auth_key ? SubjectKind::kPhysical : SubjectKind::kVirtual; }

  friend bool operator==(const DevicePublicKeys&, const DevicePublicKeys&) = default;
};

// OK, or INVALID_FIELD naming the key or signature at fault: a key of low order or out of range, an authentication key
// without its signature or the reverse, two of the keys equal, a signature that doesn't verify.
absl::Status VerifyDeviceSignatures(const DevicePublicKeys& keys);

}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_STATEMENTS_DEVICE_KEYS_H_
