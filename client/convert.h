// Between the API's messages and the protocol's values. Sizes are checked here; meaning isn't.
#ifndef LABYRINTH_CLIENT_CONVERT_H_
#define LABYRINTH_CLIENT_CONVERT_H_

#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "crypto/statements/device_keys.h"
#include "crypto/statements/log_body.h"
#include "crypto/statements/log_entry.h"
#include "proto/labyrinth/v1/device.pb.h"
#include "proto/labyrinth/v1/types.pb.h"

namespace labyrinth::client {

// The server's words broke the protocol: DATA_LOSS with this text. It carries no reason of the API's catalogue, so that
// no retry logic takes a failed check for a lost race. Texts of inner errors name no ids and may be passed on.
absl::Status Violation(std::string_view what);
absl::Status Violation(std::string_view what, const absl::Status& inner);

// Sets all five fields; a virtual device's authentication key and signature stay empty.
void ToProto(const crypto::DevicePublicKeys& keys, v1::DeviceKeys& out);
void ToProto(const crypto::SignedLogEntry& entry, v1::LogEntry& out);
void ToProto(const crypto::SealedVirtualDevice& sealed, v1::VirtualDeviceSecrets& out);

// Violation for a field of the wrong size.
absl::StatusOr<crypto::DevicePublicKeys> FromProto(const v1::DeviceKeys& keys);
absl::StatusOr<crypto::SignedLogEntry> FromProto(const v1::LogEntry& entry);
crypto::SealedVirtualDevice FromProto(const v1::VirtualDeviceSecrets& secrets);

}  // namespace labyrinth::client

#endif  // LABYRINTH_CLIENT_CONVERT_H_
