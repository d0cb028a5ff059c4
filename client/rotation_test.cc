#include "client/rotation.h"

#include <catch2/catch.hpp>
#include <functional>
#include <set>

#include "client/testing/mailbox_fixture.h"

namespace labyrinth::client {
namespace {

using testing::MailboxFixture;
using testing::Mentions;
using testing::TestClient;

bool Removed(const RotationReport& report, DeviceId id, RemovalCause cause) {
  for (const RemovedDevice& device : report.removed) {
    if (device.device_id == id) return device.cause == cause;
  }
  return false;
}

TEST_CASE("A rotation keeps every member, and they follow") {
  MailboxFixture f;
  auto phone = f.Join(2);
  const auto report = f.laptop->devices().Rotate();
  REQUIRE(report.ok());
  CHECK(report->epoch_sequence == 2);
  CHECK(report->members.size() == 3);  // laptop, phone, recovery code
  CHECK(report->removed.empty());
  CHECK((*phone)->mailbox().Info()->epoch_sequence == 2);
}

TEST_CASE("Revoking removes the device in the same call that opens the epoch") {
  MailboxFixture f;
  auto phone = f.Join(2);
  const DeviceId phone_id = f.IdOf(*phone);
  const auto report = f.laptop->devices().Revoke(phone_id);
  REQUIRE(report.ok());
  REQUIRE(report->rotation.has_value());
  CHECK(Removed(*report->rotation, phone_id, RemovalCause::kRequested));
  CHECK(f.server.calls["RevokeDevice"] == 0);
  CHECK(ReasonOf((*phone)->mailbox().Info().status()) == Reason::kDeviceRevoked);
  // It joined with a code that it may still know.
  CHECK(report->rotation->codes_known_to_removed.size() == 1);
  const auto devices = f.laptop->devices().List();
  REQUIRE(devices.ok());
  CHECK(devices->size() == 2);
  CHECK(f.laptop->devices().List(true)->size() == 3);
}

TEST_CASE("Revoking without rotation leaves saves refused until a member rotates") {
  MailboxFixture f;
  auto phone = f.Join(2);
  const auto report = f.laptop->devices().Revoke(f.IdOf(*phone), {.rotate = false});
  REQUIRE(report.ok());
  CHECK_FALSE(report->rotation.has_value());
  CHECK(f.laptop->mailbox().Info()->rotation_required);
  CHECK(ReasonOf(f.laptop->history().Save({testing::Text("t", "m", 1, "x")}, {.may_rotate = false}).status()) ==
        Reason::kRotationRequired);
  CHECK(f.laptop->history().Save({testing::Text("t", "m", 1, "x")}).ok());
  CHECK_FALSE(f.laptop->mailbox().Info()->rotation_required);
}

TEST_CASE("Unknown, removed and own devices can't be revoked") {
  MailboxFixture f;
  auto phone = f.Join(2);
  const DeviceId phone_id = f.IdOf(*phone);
  for (const bool rotate : {true, false}) {
    CHECK(ReasonOf(f.laptop->devices().Revoke(DeviceId(77), {.rotate = rotate}).status()) == Reason::kDeviceNotFound);
    CHECK(absl::IsInvalidArgument(f.laptop->devices().Revoke(f.IdOf(f.laptop), {.rotate = rotate}).status()));
  }
  REQUIRE(f.laptop->devices().Revoke(phone_id).ok());
  CHECK(ReasonOf(f.laptop->devices().Revoke(phone_id).status()) == Reason::kDeviceNotFound);
}

TEST_CASE("A device that the server cut off is removed by the next rotation, signed") {
  MailboxFixture f;
  auto phone = f.Join(2);
  const DeviceId phone_id = f.IdOf(*phone);
  f.server.store.devices[phone_id.value()].row.set_state(v1::DEVICE_STATE_REVOKED);
  f.server.store.rotation_required = true;
  const auto devices = f.laptop->devices().List();
  REQUIRE(devices.ok());
  for (const DeviceView& device : *devices) CHECK(device.cut_off == (device.device_id == phone_id));
  const auto report = f.laptop->devices().Rotate();
  REQUIRE(report.ok());
  CHECK(Removed(*report, phone_id, RemovalCause::kCutOff));
  CHECK(f.laptop->devices().List()->size() == 2);
}

// The thief of the phone makes a code with it, and joins a device of its own with that code.
struct ThiefFixture : MailboxFixture {
  ThiefFixture() {
    phone = Join(2);
    auto code = (*phone)->recovery().CreateCode();
    REQUIRE(code.ok());
    code_id = code->device_id;
    thief = std::make_unique<TestClient>(server, 3);
    REQUIRE((*thief)->recovery().Join(code->code).ok());
    phone_id = IdOf(*phone);
    thief_id = IdOf(*thief);
  }
  std::unique_ptr<TestClient> phone, thief;
  DeviceId code_id, phone_id, thief_id;
};

TEST_CASE("What a revoked device added goes with it by default, down the whole chain") {
  ThiefFixture f;
  const auto report = f.laptop->devices().Revoke(f.phone_id);
  REQUIRE(report.ok());
  CHECK(Removed(*report->rotation, f.phone_id, RemovalCause::kRequested));
  CHECK(Removed(*report->rotation, f.code_id, RemovalCause::kSponsored));
  CHECK(Removed(*report->rotation, f.thief_id, RemovalCause::kSponsored));
  CHECK(report->rotation->kept_sponsored.empty());
  CHECK(ReasonOf((*f.thief)->mailbox().Info().status()) == Reason::kDeviceRevoked);
}

TEST_CASE("What a device added goes with the next rotation where its removal came without one") {
  ThiefFixture f;
  REQUIRE(f.laptop->devices().Revoke(f.phone_id, {.rotate = false}).ok());
  CHECK((*f.thief)->mailbox().Info().ok());
  const auto saved = f.laptop->history().Save({testing::Text("t", "m", 1, "x")});
  REQUIRE(saved.ok());
  REQUIRE(saved->rotation.has_value());
  CHECK(Removed(*saved->rotation, f.code_id, RemovalCause::kSponsored));
  CHECK(Removed(*saved->rotation, f.thief_id, RemovalCause::kSponsored));
  CHECK(ReasonOf((*f.thief)->mailbox().Info().status()) == Reason::kDeviceRevoked);
}

TEST_CASE("What a person kept stays in later rotations") {
  ThiefFixture f;
  REQUIRE(f.laptop->devices().Revoke(f.phone_id, {.sponsored = SponsoredPolicy::kKeep}).ok());
  const auto report = f.laptop->devices().Rotate();
  REQUIRE(report.ok());
  CHECK(report->removed.empty());
  CHECK((*f.thief)->mailbox().Info().ok());
}

TEST_CASE("What a device added is told before it is revoked") {
  ThiefFixture f;
  const auto added = f.laptop->devices().AddedBy(f.phone_id);
  REQUIRE(added.ok());
  std::set<DeviceId> ids;
  for (const DeviceView& device : *added) ids.insert(device.device_id);
  CHECK(ids == std::set<DeviceId>{f.code_id, f.thief_id});
  CHECK(f.laptop->devices().AddedBy(f.thief_id)->empty());
  CHECK(ReasonOf(f.laptop->devices().AddedBy(DeviceId(1)).status()) == Reason::kDeviceNotFound);
}

TEST_CASE("A person may keep what a revoked device added, and is told of it") {
  ThiefFixture f;
  SECTION("only the direct additions go") {
    const auto report = f.laptop->devices().Revoke(f.phone_id, {.sponsored = SponsoredPolicy::kDropDirect});
    REQUIRE(report.ok());
    CHECK(Removed(*report->rotation, f.code_id, RemovalCause::kSponsored));
    CHECK(report->rotation->kept_sponsored == std::vector<DeviceId>{f.thief_id});
  }
  SECTION("all stay") {
    const auto report = f.laptop->devices().Revoke(f.phone_id, {.sponsored = SponsoredPolicy::kKeep});
    REQUIRE(report.ok());
    CHECK(report->rotation->removed.size() == 1);
    CHECK(report->rotation->kept_sponsored.size() == 2);
  }
}

TEST_CASE("The opener and what it added stay when its own sponsor goes") {
  MailboxFixture f;
  auto phone = f.Join(2);
  const DeviceId laptop_id = f.IdOf(f.laptop);
  const auto report = (*phone)->devices().Revoke(laptop_id);
  REQUIRE(report.ok());
  CHECK(Removed(*report->rotation, laptop_id, RemovalCause::kRequested));
  CHECK((*phone)->history().Save({testing::Text("t", "m", 1, "x")}).ok());
}

TEST_CASE("A member whose MAC in the old epoch is wrong is dropped and reported") {
  MailboxFixture f;
  auto phone = f.Join(2);
  const DeviceId phone_id = f.IdOf(*phone);
  f.server.on_list_epochs = [&](const v1::ListEpochsRequest&, v1::ListEpochsResponse& response) {
    for (v1::Epoch& epoch : *response.mutable_epochs()) {
      for (v1::Member& member : *epoch.mutable_members()) {
        if (member.device_id() == phone_id.value()) member.mutable_epoch_device_mac()->front() ^= 1;
      }
    }
  };
  const auto report = f.laptop->devices().Rotate();
  REQUIRE(report.ok());
  CHECK(Removed(*report, phone_id, RemovalCause::kWrongMac));
}

TEST_CASE("A member whose key signature is wrong is dropped and reported") {
  MailboxFixture f;
  auto phone = f.Join(2);
  const DeviceId phone_id = f.IdOf(*phone);
  f.server.store.devices[phone_id.value()].row.mutable_keys()->mutable_sig_30()->front() ^= 1;
  const auto report = f.laptop->devices().Rotate();
  REQUIRE(report.ok());
  CHECK(Removed(*report, phone_id, RemovalCause::kWrongSignature));
}

TEST_CASE("Device lists that differ from the log are refused by name") {
  MailboxFixture f;
  auto phone = f.Join(2);
  const uint64_t phone_id = f.IdOf(*phone).value();
  const testing::FakeStore real = f.server.store;
  const auto require_error = [&](const std::string& text, const std::function<void(testing::FakeStore&)>& tamper) {
    INFO(text);
    f.server.store = real;
    tamper(f.server.store);
    const absl::Status listed = f.laptop->devices().List().status();
    INFO(std::string(listed.message()));
    CHECK(absl::IsDataLoss(listed));
    CHECK(Mentions(listed, text));
    CHECK(absl::IsDataLoss(f.laptop->devices().Rotate().status()));
  };
  require_error("that the membership log doesn't", [&](testing::FakeStore& store) {
    testing::FakeStore::Device rogue = store.devices[phone_id];
    rogue.row.set_device_id(9999);
    rogue.row.mutable_keys()->mutable_device_key()->front() ^= 1;
    store.devices[9999] = rogue;
  });
  require_error("differ", [&](testing::FakeStore& store) {
    store.devices[phone_id].row.mutable_keys()->mutable_epoch_storage_key()->front() ^= 1;
  });
  require_error("differ",
                [&](testing::FakeStore& store) { store.devices[phone_id].row.set_kind(v1::DEVICE_KIND_VIRTUAL); });
  require_error("hides", [&](testing::FakeStore& store) { store.devices.erase(phone_id); });
  require_error("keys occur twice", [&](testing::FakeStore& store) {
    store.devices[9999] = store.devices[phone_id];
    store.devices[9999].row.set_device_id(9999);
  });
  require_error("invalid id", [&](testing::FakeStore& store) { store.devices[phone_id].row.set_device_id(0); });
  require_error("wrong size", [&](testing::FakeStore& store) {
    store.devices[phone_id].row.mutable_keys()->set_device_key("short");
  });
  f.server.store = real;
  CHECK(f.laptop->devices().List().ok());
}

TEST_CASE("A device that the log removed can't be called active") {
  MailboxFixture f;
  auto phone = f.Join(2);
  const DeviceId phone_id = f.IdOf(*phone);
  REQUIRE(f.laptop->devices().Revoke(phone_id).ok());
  f.server.store.devices[phone_id.value()].row.set_state(v1::DEVICE_STATE_ACTIVE);
  CHECK(Mentions(f.laptop->devices().List().status(), "called active"));
}

TEST_CASE("Two devices listed under one id are refused") {
  MailboxFixture f;
  auto phone = f.Join(2);
  f.server.on_list_devices = [](v1::ListDevicesResponse& response) {
    for (v1::Device& device : *response.mutable_devices()) device.set_device_id(5);
  };
  CHECK(Mentions(f.laptop->devices().List().status(), "id occurs twice"));
}

TEST_CASE("A lost race is followed by chaining and another try") {
  MailboxFixture f;
  auto phone = f.Join(2);
  // The phone rotates just when the laptop's call arrives.
  bool armed = true;
  f.server.before = [&](const std::string& method) -> absl::Status {
    if (method != "OpenEpoch" || !armed) return absl::OkStatus();
    armed = false;
    return errors::EpochStale(EpochId(1), 1);
  };
  const auto report = f.laptop->devices().Rotate();
  REQUIRE(report.ok());
  CHECK(f.server.calls["OpenEpoch"] == 3);  // the phone's when it joined, and two
}

TEST_CASE("Races against another device end in one chain that both follow") {
  MailboxFixture f;
  auto phone = f.Join(2);
  for (int i = 0; i < 3; ++i) {
    // Neither has seen the other's last epoch.
    REQUIRE(f.laptop->devices().Rotate().ok());
    REQUIRE((*phone)->devices().Rotate().ok());
  }
  CHECK(f.laptop->mailbox().Info()->epoch_sequence == 7);
  CHECK((*phone)->mailbox().Info()->epoch_sequence == 7);
}

TEST_CASE("A server that always says stale doesn't loop for ever") {
  for (const absl::Status& stale :
       {errors::EpochStale(EpochId(1), 1), errors::LogStale(1, "head"), errors::MembersMismatch("", "")}) {
    MailboxFixture f;
    f.server.before = [&](const std::string& method) { return method == "OpenEpoch" ? stale : absl::OkStatus(); };
    CHECK(ReasonOf(f.laptop->devices().Rotate().status()) == ReasonOf(stale));
    CHECK(f.server.calls["OpenEpoch"] == kRotationAttempts);
    f.server.before = nullptr;
    CHECK(f.laptop->devices().Rotate().ok());
  }
}

TEST_CASE("A crash between the epoch's opening and its reply loses nothing") {
  MailboxFixture f;
  auto phone = f.Join(2);
  f.server.before = [](const std::string& method) -> absl::Status {
    return method == "after:OpenEpoch" ? absl::InternalError("crash") : absl::OkStatus();
  };
  CHECK_FALSE(f.laptop->devices().Rotate().ok());
  f.server.before = nullptr;
  const std::size_t epochs = f.server.store.epochs.size();
  f.laptop.Open();
  SECTION("the identical call gets the first answer") {
    const auto report = f.laptop->devices().Rotate();
    REQUIRE(report.ok());
    CHECK(f.server.store.epochs.size() == epochs + 1);
  }
  SECTION("the opener chains to its own epoch, by the entropy that it sent itself") {
    REQUIRE(f.laptop->history().Save({testing::Text("t", "m", 1, "x")}).ok());
    CHECK(f.server.store.epochs.size() == epochs);
    CHECK(f.server.store.messages[0].epoch_id() == f.server.store.epoch().epoch_id());
    REQUIRE(f.laptop->devices().Rotate().ok());
  }
  SECTION("the request id was forgotten") {
    f.server.store.answers.clear();
    REQUIRE(f.laptop->devices().Rotate().ok());
    CHECK(f.server.store.epochs.size() == epochs + 1);
  }
}

}  // namespace
}  // namespace labyrinth::client
