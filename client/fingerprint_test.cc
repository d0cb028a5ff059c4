#include "client/fingerprint.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "client/testing/mailbox_fixture.h"

namespace labyrinth::client {
namespace {

using testing::MailboxFixture;

const crypto::LogNames kNames{.server_name = "labyrinth.test", .account_id = "alice"};

crypto::PublicKey Key(char byte) { return *crypto::PublicKey::From(std::string(32, byte)); }

TEST_CASE("Fingerprints are these, by a computation of their own") {
  CHECK(DeviceFingerprint(kNames, Key(1), Key(2), Key(3)) == "R0E7 EFQL CE6P F5Z2");
  CHECK(DeviceFingerprint(kNames, Key(1), Key(2), {}) == "M1HQ LVNS 57P8 VKDC");
  CHECK(LogFingerprint(kNames, {7, *crypto::LogHead::From(std::string(32, 4))}) == "3MUS 2V45 U7XJ KVZA");
}

TEST_CASE("Everything that makes a device another one changes its fingerprint") {
  const std::set<std::string> all = {
      DeviceFingerprint(kNames, Key(1), Key(2), Key(3)),
      DeviceFingerprint(kNames, Key(9), Key(2), Key(3)),
      DeviceFingerprint(kNames, Key(1), Key(9), Key(3)),
      DeviceFingerprint(kNames, Key(1), Key(2), Key(9)),
      DeviceFingerprint({"labyrinth.tes", "talice"}, Key(1), Key(2), Key(3)),
      DeviceFingerprint({"labyrinth.test", "bob"}, Key(1), Key(2), Key(3)),
  };
  CHECK(all.size() == 6);
}

TEST_CASE("Each device shows of itself what the others list, and who added it") {
  MailboxFixture f;
  auto phone = f.Join(2);
  const auto listed = f.laptop->devices().List();
  REQUIRE(listed.ok());
  REQUIRE(listed->size() == 3);
  const DeviceView* code = nullptr;
  for (const DeviceView& device : *listed) {
    if (device.is_virtual()) code = &device;
  }
  REQUIRE(code != nullptr);
  for (const DeviceView& device : *listed) {
    if (device.is_virtual()) continue;
    auto& self = device.this_device ? f.laptop : *phone;
    CHECK(self->devices().OwnFingerprint().value() == device.fingerprint);
    CHECK(device.sponsor_id == (device.this_device ? device.device_id : code->device_id));
  }
  CHECK(code->sponsor_id == f.IdOf(f.laptop));
  CHECK(f.laptop->devices().OwnFingerprint().value() != (*phone)->devices().OwnFingerprint().value());
}

TEST_CASE("The log's fingerprint is the same on all devices, and another after each entry") {
  MailboxFixture f;
  auto phone = f.Join(2);
  REQUIRE(f.laptop->devices().List().ok());
  const auto before = f.laptop->devices().Log();
  REQUIRE(before.ok());
  CHECK((*phone)->devices().Log()->fingerprint == before->fingerprint);
  CHECK(before->entries == 4);
  REQUIRE(f.laptop->devices().Rotate().ok());
  REQUIRE((*phone)->devices().List().ok());
  REQUIRE(f.laptop->devices().List().ok());
  CHECK(f.laptop->devices().Log()->fingerprint == (*phone)->devices().Log()->fingerprint);
  CHECK(f.laptop->devices().Log()->fingerprint != before->fingerprint);
}

}  // namespace
}  // namespace labyrinth::client
