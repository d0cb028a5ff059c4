// One epoch record against the epoch before it and the membership log (protocol sections 3 and 8). Pure: no calls.
#ifndef LABYRINTH_CLIENT_EPOCH_VERIFY_H_
#define LABYRINTH_CLIENT_EPOCH_VERIFY_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/verified_log.h"
#include "common/ids.h"
#include "crypto/labyrinth/epoch_keys.h"
#include "crypto/primitives/hash.h"
#include "crypto/statements/device_keys.h"
#include "proto/labyrinth/v1/epoch.pb.h"

namespace labyrinth::client {

// The device that entropies are addressed to: this one, or the virtual device it restores from. Borrows.
struct Recipient {
  DeviceId device_id;
  const crypto::PublicKey& device_key;
  const crypto::KeyPair& epoch_storage_key;
};

// Every function's DATA_LOSS names the check that failed.

// That `record` is `epoch`'s: sequence and id; the opener is the one that the log names, with the log's keys and valid
// signatures; the commitment authenticates under the epoch's key and says what the log says at its own index.
absl::Status CheckRecord(const crypto::Epoch& epoch, const v1::Epoch& record, const VerifiedLog& log);

// From `previous` to the epoch that `record` opens: everything that CheckRecord checks, the opener's MAC in `previous`
// before anything is decrypted, the encrypted previous secrets against `previous` itself, and the recipient's own MAC.
absl::StatusOr<crypto::Epoch> VerifyForward(const crypto::Epoch& previous, const v1::Epoch& record,
                                            const VerifiedLog& log, const Recipient& recipient);

// From `current`, whose record was checked, to the epoch of `previous_record`: the secrets, the current opener's MAC in
// the previous epoch, then CheckRecord.
absl::StatusOr<crypto::Epoch> VerifyBackward(const crypto::Epoch& current, const v1::Epoch& current_record,
                                             const v1::Epoch& previous_record, const VerifiedLog& log);

// The member's row: exactly one, with its MAC. `epoch` is verified.
absl::Status CheckMemberMac(const crypto::Epoch& epoch, const v1::Epoch& record, DeviceId device_id,
                            const crypto::PublicKey& device_key);

// nullptr unless `record` has exactly one row of this device.
const v1::Member* FindMember(const v1::Epoch& record, DeviceId device_id);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_EPOCH_VERIFY_H_
