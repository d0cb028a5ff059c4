// The devices that other sections of a file refer to: its section `devices`.
#ifndef LABYRINTH_TOOLS_VECTORS_FILE_DEVICES_H_
#define LABYRINTH_TOOLS_VECTORS_FILE_DEVICES_H_

#include "absl/status/statusor.h"
#include "crypto/labyrinth/device_secrets.h"
#include "crypto/statements/device_keys.h"
#include "tools/vectors/section.h"

namespace labyrinth::vectors {

// `device`, with its signatures. What is missing fails the case.
absl::StatusOr<crypto::DeviceSecrets> PhysicalDevice(const Section& section, Outcome& outcome);

// `virtual_device`, likewise.
absl::StatusOr<crypto::DeviceSecrets> VirtualDevice(const Section& section, Outcome& outcome);

}  // namespace labyrinth::vectors

#endif  // LABYRINTH_TOOLS_VECTORS_FILE_DEVICES_H_
