#include "tools/vectors/file_devices.h"

#include <optional>
#include <string>
#include <utility>

#include "crypto/labyrinth/orf_client.h"

namespace labyrinth::vectors {
namespace {

using crypto::DevicePublicKeys;
using crypto::DeviceSecrets;
using crypto::OrfClientState;
using crypto::PublicKey;
using crypto::Secret;
using crypto::Signature;

// The file gives devices no ORF state; the scalar 1 stands in, and nothing that is checked depends on it.
absl::StatusOr<OrfClientState> AnyOrfState() {
  std::string one(32, '\0');
  one[0] = 1;
  return OrfClientState::Parse(Secret::CopyOf(one));
}

PublicKey Public(Fields& device, std::string_view key) { return device.Object(key).FixedOf<PublicKey>("pub"); }
Secret Private(Fields& device, std::string_view key) { return device.Object(key).SecretOf("priv"); }
Signature SignatureOf(Fields& devices, std::string_view key) {
  return devices.Object(key).FixedOf<Signature>("signature");
}

}  // namespace

absl::StatusOr<DeviceSecrets> PhysicalDevice(const Section& section, Outcome& outcome) {
  Fields devices = section.Other("devices", outcome);
  Fields device = devices.Object("device");
  const DevicePublicKeys keys{Public(device, "deviceKey"), Public(device, "epochStorageKey"),
                              Public(device, "epochStorageAuthKey"), SignatureOf(devices, "epochStorageKeySig"),
                              SignatureOf(devices, "epochStorageAuthKeySig")};
  absl::StatusOr<OrfClientState> orf = AnyOrfState();
  if (!orf.ok()) return orf.status();
  return DeviceSecrets::FromParts(Private(device, "deviceKey"), Private(device, "epochStorageKey"),
                                  Private(device, "epochStorageAuthKey"), *std::move(orf), keys);
}

absl::StatusOr<DeviceSecrets> VirtualDevice(const Section& section, Outcome& outcome) {
  Fields devices = section.Other("devices", outcome);
  Fields device = devices.Object("virtual_device");
  const DevicePublicKeys keys{Public(device, "deviceKey"), Public(device, "epochStorageKey"), std::nullopt,
                              SignatureOf(devices, "vdevice_epochStorageKeySig"), std::nullopt};
  absl::StatusOr<OrfClientState> orf = AnyOrfState();
  if (!orf.ok()) return orf.status();
  return DeviceSecrets::FromParts(Private(device, "deviceKey"), Private(device, "epochStorageKey"), std::nullopt,
                                  *std::move(orf), keys);
}

}  // namespace labyrinth::vectors
