// Safety numbers: what people, or a person's two devices, compare by eye (protocol section 8).
#ifndef LABYRINTH_CLIENT_FINGERPRINT_H_
#define LABYRINTH_CLIENT_FINGERPRINT_H_

#include <string>

#include "crypto/primitives/x25519.h"
#include "crypto/statements/device_keys.h"
#include "crypto/statements/log_chain.h"

namespace labyrinth::client {

// Sixteen characters of the recovery codes' alphabet in groups of four, "K7QW 2M4D X9FP 31TZ": 80 bits of a hash, so
// that making other keys with the same one is out of reach. No secret.

// Of a device's three public keys in one account's mailbox; `epoch_storage_auth_key` is zeros for a virtual device.
std::string DeviceFingerprint(const crypto::LogNames& names, const crypto::PublicKey& device_key,
                              const crypto::PublicKey& epoch_storage_key,
                              const crypto::PublicKey& epoch_storage_auth_key);

// The same of keys that no log need have yet.
std::string DeviceFingerprint(const crypto::LogNames& names, const crypto::DevicePublicKeys& keys);

// Of the membership log up to a place. Two devices that show the same one have verified the same entries: no server
// keeps them on two forks.
std::string LogFingerprint(const crypto::LogNames& names, const crypto::LogPosition& position);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_FINGERPRINT_H_
