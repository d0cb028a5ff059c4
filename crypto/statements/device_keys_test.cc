#include "crypto/statements/device_keys.h"

#include <catch2/catch.hpp>

#include "common/errors.h"
#include "crypto/primitives/seeded_random.h"
#include "crypto/statements/log_testing.h"

namespace labyrinth::crypto {
namespace {

std::string FieldAtFault(const DevicePublicKeys& keys) {
  const absl::Status status = VerifyDeviceSignatures(keys);
  if (status.ok()) return "none";
  CHECK(ReasonOf(status) == Reason::kInvalidField);
  return DetailsOf(status)["field"];
}

TEST_CASE("keys with their own device's signatures hold") {
  SeededRandom random(1);
  CHECK(FieldAtFault(MakeTestDevice(SubjectKind::kPhysical, random).keys) == "none");
  CHECK(FieldAtFault(MakeTestDevice(SubjectKind::kVirtual, random).keys) == "none");
}

TEST_CASE("a signature of another device, key or use is refused") {
  SeededRandom random(2);
  const auto mine = MakeTestDevice(SubjectKind::kPhysical, random).keys;
  const auto other = MakeTestDevice(SubjectKind::kPhysical, random).keys;

  auto keys = mine;
  keys.sig_30 = other.sig_30;
  CHECK(FieldAtFault(keys) == "keys.sig_30");
  keys = mine;
  keys.epoch_storage_key = other.epoch_storage_key;
  CHECK(FieldAtFault(keys) == "keys.sig_30");
  keys = mine;
  keys.sig_31 = other.sig_31;
  CHECK(FieldAtFault(keys) == "keys.sig_31");
  keys = mine;
  keys.epoch_storage_auth_key = other.epoch_storage_auth_key;
  CHECK(FieldAtFault(keys) == "keys.sig_31");
  keys = mine;
  // The right keys and signatures, each in the other's place: the use byte tells them apart.
  std::swap(keys.epoch_storage_key, *keys.epoch_storage_auth_key);
  std::swap(keys.sig_30, *keys.sig_31);
  CHECK(FieldAtFault(keys) == "keys.sig_30");
}

TEST_CASE("half an authentication key, equal keys and low-order keys are refused") {
  SeededRandom random(3);
  const TestDevice device = MakeTestDevice(SubjectKind::kPhysical, random);
  const auto& signer = device.device_key.private_key;

  auto keys = device.keys;
  keys.sig_31.reset();
  CHECK(FieldAtFault(keys) == "keys.sig_31");
  keys = device.keys;
  keys.epoch_storage_auth_key.reset();
  CHECK(FieldAtFault(keys) == "keys.sig_31");

  keys = device.keys;
  keys.epoch_storage_key = keys.device_key;
  keys.sig_30 = *Sign(signer, SignatureUse::kEpochStorageKey, keys.epoch_storage_key.view(), random);
  CHECK(FieldAtFault(keys) == "keys.epoch_storage_key");
  keys = device.keys;
  keys.epoch_storage_auth_key = keys.epoch_storage_key;
  keys.sig_31 = *Sign(signer, SignatureUse::kEpochStorageAuthKey, keys.epoch_storage_auth_key->view(), random);
  CHECK(FieldAtFault(keys) == "keys.epoch_storage_auth_key");

  keys = device.keys;
  keys.device_key = PublicKey();
  CHECK(FieldAtFault(keys) == "keys.device_key");
  keys = device.keys;
  keys.epoch_storage_key = PublicKey();
  keys.sig_30 = *Sign(signer, SignatureUse::kEpochStorageKey, keys.epoch_storage_key.view(), random);
  CHECK(FieldAtFault(keys) == "keys.epoch_storage_key");
}

}  // namespace
}  // namespace labyrinth::crypto
