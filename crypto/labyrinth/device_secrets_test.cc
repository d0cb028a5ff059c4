#include "crypto/labyrinth/device_secrets.h"

#include <catch2/catch.hpp>

#include "common/errors.h"
#include "crypto/primitives/seeded_random.h"

namespace labyrinth::crypto {
namespace {

DeviceSecrets Make(SubjectKind kind, RandomSource& random) {
  auto device = DeviceSecrets::Generate(kind, OrfClientState::Generate(random), random);
  REQUIRE(device.ok());
  return *std::move(device);
}

absl::StatusOr<DeviceSecrets> Reload(const DeviceSecrets& device, const DevicePublicKeys& keys) {
  std::optional<Secret> auth;
  if (device.epoch_storage_auth_key) auth = device.epoch_storage_auth_key->private_key.Clone();
  return DeviceSecrets::FromParts(device.device_key.private_key.Clone(), device.epoch_storage_key.private_key.Clone(),
                                  std::move(auth), device.orf.Clone(), keys);
}

TEST_CASE("a generated device's public half verifies") {
  SeededRandom random(11);
  const DeviceSecrets physical = Make(SubjectKind::kPhysical, random);
  CHECK(VerifyDeviceSignatures(physical.public_keys).ok());
  CHECK(physical.public_keys.kind() == SubjectKind::kPhysical);
  CHECK(physical.public_keys.epoch_storage_auth_key == physical.epoch_storage_auth_key->public_key);

  const DeviceSecrets virtual_device = Make(SubjectKind::kVirtual, random);
  CHECK(VerifyDeviceSignatures(virtual_device.public_keys).ok());
  CHECK_FALSE(virtual_device.epoch_storage_auth_key.has_value());
  CHECK_FALSE(DeviceSecrets::Generate(SubjectKind::kNone, OrfClientState::Generate(random), random).ok());
}

TEST_CASE("a device survives its keychain, and a mixed-up keychain shows") {
  SeededRandom random(12);
  for (const SubjectKind kind : {SubjectKind::kPhysical, SubjectKind::kVirtual}) {
    const DeviceSecrets device = Make(kind, random);
    const DeviceSecrets other = Make(kind, random);
    const auto reloaded = Reload(device, device.public_keys);
    REQUIRE(reloaded.ok());
    CHECK(reloaded->public_keys == device.public_keys);
    CHECK(reloaded->orf.bytes().RevealSecret() == device.orf.bytes().RevealSecret());

    CHECK(ReasonOf(Reload(device, other.public_keys).status()) == Reason::kDataDamaged);
    DevicePublicKeys keys = device.public_keys;
    keys.sig_30 = other.public_keys.sig_30;
    CHECK(ReasonOf(Reload(device, keys).status()) == Reason::kDataDamaged);
  }
  const DeviceSecrets physical = Make(SubjectKind::kPhysical, random);
  const DeviceSecrets virtual_device = Make(SubjectKind::kVirtual, random);
  CHECK_FALSE(Reload(physical, virtual_device.public_keys).ok());
  CHECK_FALSE(Reload(virtual_device, physical.public_keys).ok());
}

}  // namespace
}  // namespace labyrinth::crypto
