// body_hash: what a log entry says about the call that carries it (protocol section 8, the table of kinds). Both sides
// compute it from the same request fields.
#ifndef LABYRINTH_CRYPTO_STATEMENTS_LOG_BODY_H_
#define LABYRINTH_CRYPTO_STATEMENTS_LOG_BODY_H_

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/ids.h"
#include "crypto/primitives/hash.h"
#include "crypto/statements/device_keys.h"

namespace labyrinth::crypto {

// Kind 1: SHA-256(lv(sig_30) lv(sig_31) lv(epochDeviceMac)). `keys` are a physical device's.
Sha256Digest CreateBodyHash(const DevicePublicKeys& keys, const MacTag& epoch_device_mac);

// Kind 2: SHA-256(lv(sig_30) lv(sig_31)). `keys` are a physical device's.
Sha256Digest AddDeviceBodyHash(const DevicePublicKeys& keys);

// The six values of a virtual device as they are uploaded, in the order of protocol section 4's table, which is also
// their order in the hash.
struct SealedVirtualDevice {
  std::string device_key_private;
  std::string epoch_storage_key_private;
  std::string orf_client_state;
  std::string mailbox_root_salt;
  std::string epoch_root_key;
  std::string epoch_sequence_id;

  std::array<std::string_view, 6> InOrder() const;
};

// Kind 3: SHA-256(lv(vdeviceId) lv(sig_30) and lv of each encrypted secret).
Sha256Digest AddVirtualDeviceBodyHash(const VirtualDeviceId& virtual_device_id, const Signature& sig_30,
                                      const SealedVirtualDevice& sealed);

// One member of a newly opened epoch.
struct EpochMemberBody {
  PublicKey device_key;
  MacTag epoch_device_mac;
  std::string encrypted_entropy;
};

// Kind 5: SHA-256(lv(encPrevSequence) lv(encPrevRoot), then per member by ascending deviceKeyPub: deviceKeyPub, MAC,
// lv(entropy)). Sorts by itself, since requests name members by id; INVALID_FIELD if a device key occurs twice.
absl::StatusOr<Sha256Digest> OpenEpochBodyHash(std::string_view encrypted_previous_sequence,
                                               std::string_view encrypted_previous_root_key,
                                               std::vector<EpochMemberBody> members);

// Kinds 4 and 6 have no body: body_hash is zeros.

}  // namespace labyrinth::crypto

#endif  // LABYRINTH_CRYPTO_STATEMENTS_LOG_BODY_H_
