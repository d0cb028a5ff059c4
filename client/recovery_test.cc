#include "client/recovery.h"

#include <catch2/catch.hpp>
#include <functional>

#include "client/testing/mailbox_fixture.h"

namespace labyrinth::client {
namespace {

using testing::MailboxFixture;
using testing::Mentions;
using testing::TestClient;

// `places` are characters of the code as it is shown, groups and hyphens included, that were typed wrongly.
crypto::Secret Mistype(const crypto::Secret& code, std::initializer_list<std::size_t> places) {
  std::string typed(code.RevealSecret());
  for (const std::size_t place : places) typed[place] = typed[place] == 'A' ? 'C' : 'A';
  return crypto::Secret::CopyOf(typed);
}

TEST_CASE("A code makes a further device that reads everything") {
  MailboxFixture f;
  REQUIRE(f.laptop->devices().Rotate().ok());
  REQUIRE(f.laptop->history().Save({testing::Text("t", "m", 1, "before")}).ok());
  const crypto::Secret code = f.MakeCode();
  REQUIRE(f.laptop->devices().Rotate().ok());

  TestClient phone(f.server, 2);
  const auto report = phone->recovery().Join(code);
  REQUIRE(report.ok());
  CHECK(report->corrected_characters == 0);
  CHECK(report->members.size() == 3);
  CHECK(report->rotation.epoch_sequence == 3);
  CHECK(report->rotation.members.size() == 3);
  CHECK(report->device_id == f.IdOf(phone));
  CHECK(f.server.store.devices[report->virtual_device_id.value()].row.kind() == v1::DEVICE_KIND_VIRTUAL);

  auto reader = phone->history().ListMessages({.thread_id = "t"});
  const auto page = reader.NextPage();
  REQUIRE(page.ok());
  REQUIRE(page->size() == 1);
  REQUIRE(page->front().verified() != nullptr);
  CHECK(page->front().verified()->content == "before");
}

TEST_CASE("Up to three typing errors are corrected without asking the server") {
  MailboxFixture f;
  const crypto::Secret code = f.MakeCode();
  TestClient phone(f.server, 2);
  const auto report = phone->recovery().Join(Mistype(code, {6, 20, 40}));
  REQUIRE(report.ok());
  CHECK(report->corrected_characters == 3);
  CHECK(f.server.calls["GetVirtualDevice"] == 1);
}

TEST_CASE("A wrong code is refused on this device alone") {
  MailboxFixture f;
  const crypto::Secret code = f.MakeCode();
  TestClient phone(f.server, 2);
  CHECK(ReasonOf(phone->recovery().Join(Mistype(code, {6, 10, 20, 26, 40})).status()) ==
        Reason::kVirtualDeviceNotFound);
  CHECK(absl::IsInvalidArgument(phone->recovery().Join(crypto::Secret::CopyOf("hello")).status()));
  CHECK(f.server.calls["GetVirtualDevice"] == 0);
  CHECK_FALSE(phone->HasDevice());
}

TEST_CASE("A code can be tested without registering a device") {
  MailboxFixture f;
  const crypto::Secret code = f.MakeCode();
  REQUIRE(f.laptop->devices().Rotate().ok());
  const auto test = f.laptop->recovery().Test(Mistype(code, {6}));
  REQUIRE(test.ok());
  CHECK(test->corrected_characters == 1);
  CHECK(test->epoch_sequence == 1);
  CHECK(f.server.calls["RegisterDevice"] == 0);
}

TEST_CASE("A code that a member tests is held against the log that the member has seen") {
  MailboxFixture f;
  const crypto::Secret code = f.MakeCode();
  REQUIRE(f.laptop->devices().Rotate().ok());
  f.server.store.log.pop_back();
  f.server.store.heads.pop_back();
  f.server.store.epochs.pop_back();
  const absl::Status tested = f.laptop->recovery().Test(code).status();
  CHECK(absl::IsDataLoss(tested));
  CHECK(Mentions(tested, "shorter"));
  // A profile without a mark can't tell.
  TestClient blank(f.server, 2);
  CHECK(blank->recovery().Test(code).ok());
}

TEST_CASE("A revoked code joins nobody") {
  MailboxFixture f;
  const auto code = f.laptop->recovery().CreateCode();
  REQUIRE(code.ok());
  REQUIRE(f.laptop->devices().Revoke(code->device_id).ok());
  TestClient phone(f.server, 2);
  CHECK_FALSE(phone->recovery().Join(code->code).ok());
  CHECK_FALSE(phone->HasDevice());
}

TEST_CASE("Several codes work side by side") {
  MailboxFixture f;
  const crypto::Secret first = f.MakeCode();
  const crypto::Secret second = f.MakeCode();
  TestClient phone(f.server, 2);
  TestClient tablet(f.server, 3);
  CHECK(phone->recovery().Join(second).ok());
  CHECK(tablet->recovery().Join(first).ok());
  CHECK(f.laptop->devices().List()->size() == 5);
}

TEST_CASE("A device can't join twice") {
  MailboxFixture f;
  const crypto::Secret code = f.MakeCode();
  CHECK(absl::IsFailedPrecondition(f.laptop->recovery().Join(code).status()));
}

TEST_CASE("A joined device opens a fresh epoch before its first save, whatever happened in between") {
  MailboxFixture f;
  const crypto::Secret code = f.MakeCode();
  TestClient phone(f.server, 2);
  bool down = true;
  f.server.before = [&](const std::string& method) -> absl::Status {
    return down && method == "OpenEpoch" ? absl::InternalError("crash") : absl::OkStatus();
  };
  CHECK_FALSE(phone->recovery().Join(code).ok());
  CHECK(phone->HasDevice());
  CHECK_FALSE(phone->history().Save({testing::Text("t", "m", 1, "x")}).ok());
  CHECK(f.server.calls["SaveMessages"] == 0);
  phone.Open();
  CHECK(ReasonOf(phone->history().Save({testing::Text("t", "m", 1, "x")}, {.may_rotate = false}).status()) ==
        Reason::kRotationRequired);
  down = false;
  REQUIRE(phone->history().Save({testing::Text("t", "m", 1, "x")}).ok());
  CHECK(f.server.store.epochs.size() == 2);
  CHECK(f.server.store.messages[0].epoch_id() == f.server.store.epoch().epoch_id());
}

TEST_CASE("A lost reply to the registration makes one device, not two") {
  MailboxFixture f;
  const crypto::Secret code = f.MakeCode();
  TestClient phone(f.server, 2);
  bool down = true;
  f.server.before = [&](const std::string& method) -> absl::Status {
    return down && method == "after:RegisterDevice" ? absl::InternalError("crash") : absl::OkStatus();
  };
  CHECK_FALSE(phone->recovery().Join(code).ok());
  CHECK_FALSE(phone->HasDevice());
  phone.Open();
  down = false;
  REQUIRE(phone->recovery().Join(code).ok());
  CHECK(f.server.store.devices.size() == 3);
}

TEST_CASE("Races while joining are followed by another try") {
  for (const absl::Status& stale : {errors::EpochStale(EpochId(1), 1), errors::LogStale(1, "head")}) {
    MailboxFixture f;
    const crypto::Secret code = f.MakeCode();
    TestClient phone(f.server, 2);
    bool armed = true;
    f.server.before = [&](const std::string& method) -> absl::Status {
      if (method != "RegisterDevice" || !armed) return absl::OkStatus();
      armed = false;
      return stale;
    };
    CHECK(phone->recovery().Join(code).ok());
    CHECK(f.server.calls["RegisterDevice"] == 2);
  }
}

TEST_CASE("A code whose reply was lost comes back as the same code") {
  MailboxFixture f;
  f.server.before = [](const std::string& method) -> absl::Status {
    return method == "after:CreateVirtualDevice" ? absl::InternalError("crash") : absl::OkStatus();
  };
  CHECK_FALSE(f.laptop->recovery().CreateCode().ok());
  f.server.before = nullptr;
  f.laptop.Open();
  // Other work may come in between.
  REQUIRE(f.laptop->devices().Rotate().ok());
  const auto code = f.laptop->recovery().CreateCode();
  REQUIRE(code.ok());
  CHECK(f.server.store.devices.size() == 2);
  TestClient phone(f.server, 2);
  CHECK(phone->recovery().Join(code->code).ok());
}

TEST_CASE("No code is made under an epoch that has to end") {
  MailboxFixture f;
  auto phone = f.Join(2);
  SECTION("a device was removed without a rotation") {
    REQUIRE(f.laptop->devices().Revoke(f.IdOf(*phone), {.rotate = false}).ok());
    REQUIRE(f.laptop->recovery().CreateCode().ok());
    CHECK(f.server.store.epochs.size() == 3);
    CHECK_FALSE(f.server.store.rotation_required);
  }
  SECTION("this device was restored from a code and hasn't opened an epoch of its own") {
    const crypto::Secret code = f.MakeCode();
    TestClient tablet(f.server, 3);
    f.server.before = [](const std::string& method) -> absl::Status {
      return method == "OpenEpoch" ? absl::InternalError("crash") : absl::OkStatus();
    };
    CHECK_FALSE(tablet->recovery().Join(code).ok());
    f.server.before = nullptr;
    REQUIRE(tablet->recovery().CreateCode().ok());
    CHECK(f.server.store.epochs.size() == 3);
  }
}

TEST_CASE("An interrupted code that was revoked since is replaced") {
  MailboxFixture f;
  f.server.before = [](const std::string& method) -> absl::Status {
    return method == "after:CreateVirtualDevice" ? absl::InternalError("crash") : absl::OkStatus();
  };
  CHECK_FALSE(f.laptop->recovery().CreateCode().ok());
  f.server.before = nullptr;
  const auto devices = f.laptop->devices().List();
  REQUIRE(devices.ok());
  int revoked = 0;
  for (const DeviceView& device : *devices) {
    if (!device.is_virtual()) continue;
    REQUIRE(f.laptop->devices().Revoke(device.device_id).ok());
    ++revoked;
  }
  CHECK(revoked == 1);
  const auto code = f.laptop->recovery().CreateCode();
  REQUIRE(code.ok());
  TestClient phone(f.server, 2);
  CHECK(phone->recovery().Join(code->code).ok());
}

TEST_CASE("A virtual device's record that was tampered with is refused by name") {
  using Tamper = std::function<void(v1::GetVirtualDeviceResponse&)>;
  const std::vector<Tamper> cases = {
      [](auto& r) { r.mutable_secrets()->mutable_device_key_private()->back() ^= 1; },
      [](auto& r) { r.mutable_secrets()->mutable_epoch_root_key()->back() ^= 1; },
      [](auto& r) {
        r.mutable_secrets()->mutable_epoch_root_key()->swap(*r.mutable_secrets()->mutable_mailbox_root_salt());
      },
      [](auto& r) { r.mutable_secrets()->clear_orf_client_state(); },
      [](auto& r) { r.mutable_keys()->mutable_device_key()->front() ^= 1; },
      [](auto& r) { r.mutable_keys()->mutable_sig_30()->front() ^= 1; },
      [](auto& r) { r.clear_keys(); },
      [](auto& r) { r.set_mailbox_id("short"); },
      [](auto& r) { r.set_device_id(0); },
      [](auto& r) { r.set_epoch_id(0); },
      [](auto& r) { r.set_epoch_id(r.epoch_id() + 1000); },
  };
  MailboxFixture f;
  const crypto::Secret code = f.MakeCode();
  TestClient phone(f.server, 2);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    INFO(i);
    f.server.on_virtual_device = cases[i];
    const absl::Status joined = phone->recovery().Join(code).status();
    INFO(std::string(joined.message()));
    CHECK(absl::IsDataLoss(joined));
    CHECK_FALSE(phone->HasDevice());
  }
  f.server.on_virtual_device = nullptr;
  CHECK(phone->recovery().Join(code).ok());
}

}  // namespace
}  // namespace labyrinth::client
