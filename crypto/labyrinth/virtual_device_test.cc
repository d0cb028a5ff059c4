#include "crypto/labyrinth/virtual_device.h"

#include <catch2/catch.hpp>
#include <functional>

#include "common/errors.h"
#include "common/limits.h"
#include "crypto/labyrinth/epoch_testing.h"
#include "crypto/primitives/aead.h"
#include "crypto/primitives/seeded_random.h"

namespace labyrinth::crypto {
namespace {

constexpr std::string_view kAccount = "account-1";

struct Fixture {
  SeededRandom random{81};
  DeviceSecrets laptop = MakeDevice(SubjectKind::kPhysical, random);
  Epoch epoch = MakeFirstEpoch(1001, random);
  Secret salt = RandomSecret(kMailboxRootSaltBytes, random);
  NewVirtualDevice made = *CreateVirtualDevice(laptop.orf, epoch, salt, kAccount, random);
  Secret key = made.code.Derive(kAccount).decryption_key.Clone();

  std::string Fault(const SealedVirtualDevice& sealed) {
    const absl::Status status = OpenVirtualDevice(sealed, key, made.keys).status();
    if (status.ok()) return "none";
    CHECK(ReasonOf(status) == Reason::kDataDamaged);
    return std::string(status.message());
  }
};

TEST_CASE("a virtual device opens with its code, and chains forward from its epoch") {
  Fixture f;
  CHECK(f.made.id.view() == f.made.code.Derive(kAccount).virtual_device_id);
  CHECK(f.made.keys.kind() == SubjectKind::kVirtual);
  CHECK(VerifyEpochDeviceMac(f.epoch, f.made.keys.device_key, f.made.epoch_device_mac));
  for (const std::string_view value : f.made.sealed.InOrder()) {
    CHECK(value.size() <= limits::kVirtualDeviceSecretBytes);
  }

  const auto opened = OpenVirtualDevice(f.made.sealed, f.key, f.made.keys);
  REQUIRE(opened.ok());
  CHECK(opened->device_key.public_key == f.made.keys.device_key);
  CHECK(opened->mailbox_root_salt.RevealSecret() == f.salt.RevealSecret());
  const Epoch at_creation = opened->EpochAtCreation(f.epoch.id);
  CHECK(at_creation.root_key.RevealSecret() == f.epoch.root_key.RevealSecret());
  CHECK(at_creation.sequence_id == 0);

  const auto next = OpenEpoch(
      f.epoch, f.laptop,
      std::vector{CandidateIn(f.epoch, f.laptop), EpochCandidate{f.made.keys, f.made.epoch_device_mac}}, f.random);
  REQUIRE(next.ok());
  REQUIRE(next->members.size() == 2);
  const std::string& entropy =
      next->members[next->members[0].device_key == f.made.keys.device_key ? 0 : 1].encrypted_entropy;
  const EpochRecord record{EpochId(2002), 1, f.laptop.public_keys,
                           EpochDeviceMac(f.epoch, f.laptop.public_keys.device_key), entropy};
  const auto reached = DecryptForward(at_creation, opened->epoch_storage_key, record);
  REQUIRE(reached.ok());
  CHECK(reached->root_key.RevealSecret() == next->root_key.RevealSecret());
}

TEST_CASE("the evolve token turns the creator's state into the virtual device's") {
  Fixture f;
  const auto opened = OpenVirtualDevice(f.made.sealed, f.key, f.made.keys);
  REQUIRE(opened.ok());
  const auto creator = Scalar::Parse(f.laptop.orf.bytes().RevealSecret());
  REQUIRE(creator.ok());
  CHECK(opened->orf.bytes().RevealSecret() == creator->Times(f.made.evolve_token).bytes().RevealSecret());
  CHECK(opened->orf.bytes().RevealSecret() != f.laptop.orf.bytes().RevealSecret());
}

TEST_CASE("another code or account opens nothing") {
  Fixture f;
  const Secret wrong_account = f.made.code.Derive("account-2").decryption_key.Clone();
  CHECK_FALSE(OpenVirtualDevice(f.made.sealed, wrong_account, f.made.keys).ok());
  const Secret wrong_code = RecoveryCode::Generate(f.random).Derive(kAccount).decryption_key.Clone();
  CHECK_FALSE(OpenVirtualDevice(f.made.sealed, wrong_code, f.made.keys).ok());
}

TEST_CASE("exchanged values and another device's keys show") {
  Fixture f;
  CHECK(f.Fault(f.made.sealed) == "none");
  struct Case {
    std::string fault;
    std::function<void(SealedVirtualDevice&)> change;
  };
  const Case cases[] = {
      {"device key", [](SealedVirtualDevice& s) { std::swap(s.device_key_private, s.epoch_storage_key_private); }},
      {"epoch storage key", [](SealedVirtualDevice& s) { s.epoch_storage_key_private = s.device_key_private; }},
      {"ORF", [](SealedVirtualDevice& s) { s.orf_client_state = s.mailbox_root_salt; }},
      {"salt", [](SealedVirtualDevice& s) { s.mailbox_root_salt = s.epoch_root_key; }},
      {"root key", [](SealedVirtualDevice& s) { s.epoch_root_key[40] ^= 1; }},
      {"sequence", [](SealedVirtualDevice& s) { s.epoch_sequence_id.clear(); }},
  };
  for (const Case& one : cases) {
    SealedVirtualDevice sealed = f.made.sealed;
    one.change(sealed);
    CHECK_THAT(f.Fault(sealed), Catch::Contains(one.fault));
  }

  const NewVirtualDevice other = *CreateVirtualDevice(f.laptop.orf, f.epoch, f.salt, kAccount, f.random);
  CHECK_FALSE(OpenVirtualDevice(f.made.sealed, f.key, other.keys).ok());
  CHECK_FALSE(OpenVirtualDevice(f.made.sealed, f.key, f.laptop.public_keys).ok());
}

TEST_CASE("values of the wrong form show, though rightly encrypted") {
  Fixture f;
  const auto seal = [&](std::string_view aad, std::string_view value) {
    return *EncryptPadded(f.key, aad, value, f.random);
  };
  SealedVirtualDevice sealed = f.made.sealed;
  sealed.epoch_sequence_id = seal("virtual_device:epoch_anon_id", "0");  // decimal, not its Base64
  CHECK_THAT(f.Fault(sealed), Catch::Contains("sequence"));
  sealed = f.made.sealed;
  sealed.orf_client_state = seal("virtual_device:ocmf_client_state", std::string(32, '\0'));
  CHECK_THAT(f.Fault(sealed), Catch::Contains("ORF"));
  sealed = f.made.sealed;
  sealed.epoch_root_key = seal("virtual_device:epoch_root_key", std::string(31, 'k'));
  CHECK_THAT(f.Fault(sealed), Catch::Contains("root key"));
  sealed = f.made.sealed;
  sealed.device_key_private = seal("virtual_device:virtual_device_private_key", std::string(32, 'k'));
  CHECK_THAT(f.Fault(sealed), Catch::Contains("device key"));
}

TEST_CASE("a virtual device isn't made from a short salt or root key") {
  Fixture f;
  CHECK_FALSE(CreateVirtualDevice(f.laptop.orf, f.epoch, Secret(16), kAccount, f.random).ok());
  Epoch short_key = f.epoch.Clone();
  short_key.root_key = Secret(16);
  CHECK_FALSE(CreateVirtualDevice(f.laptop.orf, short_key, f.salt, kAccount, f.random).ok());
}

}  // namespace
}  // namespace labyrinth::crypto
