// Devices as people name them, and as lists show them.
#ifndef LABYRINTH_TOOLS_LABYRINTH_DEVICE_NAME_H_
#define LABYRINTH_TOOLS_LABYRINTH_DEVICE_NAME_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/client.h"
#include "tools/labyrinth/context.h"

namespace labyrinth::cli {

// The first eight hexadecimal digits of the id. Ids are random, so these differ in any mailbox.
std::string DeviceHandle(DeviceId id);

// "device" or "recovery code".
std::string KindText(const client::DeviceView& device);
// "active", "cut off" (the server refuses it, no member has signed the removal yet) or "removed".
std::string StateText(const client::DeviceView& device);

Json DeviceDocument(const client::DeviceView& device);
// Head line and one line a device.
void PrintDevices(Output& out, const std::vector<client::DeviceView>& devices);

// By four or more digits of the handle or the whole id. NOT_FOUND if there is none; a usage error if there are several.
absl::StatusOr<client::DeviceView> FindDevice(const std::vector<client::DeviceView>& devices, const std::string& name);

// What a rotation did beside what was asked for, line by line, and as JSON.
void PrintRotation(Output& out, const client::RotationReport& rotation);
Json RotationDocument(const client::RotationReport& rotation);

}  // namespace labyrinth::cli

#endif  // LABYRINTH_TOOLS_LABYRINTH_DEVICE_NAME_H_
