// A member creates a virtual device: a recovery code.
#include <catch2/catch.hpp>
#include <functional>

#include "service/mailbox/device_operations.h"
#include "service/mailbox/testing/test_mailbox.h"

namespace labyrinth::mailbox::testing {
namespace {

namespace keys = storage::keys;
using crypto::LogEntry;

struct Fixture {
  Fixture() : mailbox(server), code(MakeVirtual(server.random())) { mailbox.Create(); }
  TestDevice& me() { return mailbox.first(); }
  const std::string& partition() { return mailbox.partition(); }
  CreateVirtualDeviceRequest Request() { return mailbox.VirtualDeviceRequest(me(), code); }
  CreateVirtualDeviceRequest Spoilt(const std::function<void(LogEntry&)>& spoil) {
    CreateVirtualDeviceRequest request = Request();
    LogEntry entry = *crypto::DecodeLogEntry(request.log_entry.entry);
    spoil(entry);
    request.log_entry = mailbox.Sign(entry, me());
    return request;
  }

  TestServer server;
  TestMailbox mailbox;
  TestDevice code;
};

TEST_CASE("a virtual device keeps its sealed secrets as they came, and is a member like the others") {
  Fixture f;
  f.mailbox.Rotate(f.me());
  CreateVirtualDeviceRequest request = f.Request();
  const std::string token(request.evolve_token.RevealSecret());
  const crypto::MacTag mac = request.epoch_device_mac;
  const auto id = f.server.Do(std::move(request));
  REQUIRE(id.ok());
  const auto record =
      f.server.Find<storage_v1::VirtualDeviceRecord>(f.partition(), keys::VirtualDevice(f.code.virtual_device_id))
          .value();
  CHECK(record.device_id() == id->value());
  CHECK(record.epoch_id() == f.mailbox.CurrentEpoch().value());
  CHECK(record.device_key_private() == "sealed 1");
  CHECK(record.epoch_storage_key_private() == "sealed 2");
  CHECK(record.orf_client_state() == "sealed 3");
  CHECK(record.mailbox_root_salt() == "sealed 4");
  CHECK(record.epoch_root_key() == "sealed 5");
  CHECK(record.epoch_sequence_id() == "sealed 6");
  const auto device = f.server.Find<storage_v1::DeviceRecord>(f.partition(), keys::Device(*id)).value();
  CHECK(device.kind() == storage_v1::DEVICE_KIND_VIRTUAL);
  CHECK(device.epoch_storage_auth_key().empty());
  const auto member = f.server.Find<storage_v1::MemberRecord>(f.partition(), keys::Member(1, *id)).value();
  CHECK(member.epoch_device_mac() == mac.view());
  for (const auto& [key, value] : f.server.Rows(f.partition())) CHECK(value.find(token) == std::string::npos);
  f.mailbox.CheckSound();
}

TEST_CASE("a repeated creation gets the first answer") {
  Fixture f;
  CreateVirtualDeviceRequest first = f.Request();
  const RequestKey key = first.request;
  const DeviceId id = *f.server.Do(std::move(first));
  f.mailbox.Rotate(f.me());
  CreateVirtualDeviceRequest again = f.Request();
  again.request = key;
  CHECK(*f.server.Do(std::move(again)) == id);
  CHECK(f.mailbox.Roster().active_device_ids_size() == 2);
  CreateVirtualDeviceRequest other = f.Request();
  other.request = {key.id, crypto::Sha256("else")};
  f.mailbox.MustRefuse(std::move(other), Reason::kRequestIdReused);
}

TEST_CASE("a virtual device id is taken while its device is active") {
  Fixture f;
  f.code.id = *f.server.Do(f.Request());
  TestDevice same = MakeVirtual(f.server.random());
  same.virtual_device_id = f.code.virtual_device_id;
  const auto request = [&] { return f.mailbox.VirtualDeviceRequest(f.me(), same); };
  CHECK(DetailIn(f.mailbox.MustRefuse(request(), Reason::kInvalidField), "field") == "virtual_device_id");
  f.mailbox.Rotate(f.me(), {f.code.id});
  CHECK(f.server.Do(request()).ok());
  f.mailbox.CheckSound();
}

TEST_CASE("it names the current epoch, waits for a rotation that is due, and continues the log") {
  Fixture f;
  const TestDevice other_code = f.mailbox.AddVirtualDevice(f.me());
  CreateVirtualDeviceRequest stale = f.Request();
  f.mailbox.Rotate(f.me());
  f.mailbox.MustRefuse(std::move(stale), Reason::kEpochStale);
  f.mailbox.MustRefuse(f.Spoilt([](LogEntry& e) { e.index += 1; }), Reason::kLogStale);
  f.mailbox.CutOff(other_code.id);
  f.mailbox.MustRefuse(f.Request(), Reason::kRotationRequired);
  f.mailbox.Rotate(f.me());
  CHECK(f.server.Do(f.Request()).ok());
}

TEST_CASE("its entry covers the keys, the id and every sealed secret") {
  Fixture f;
  const TestDevice other = MakeVirtual(f.server.random());
  for (const auto& spoil : std::vector<std::function<void(CreateVirtualDeviceRequest&)>>{
           [&](CreateVirtualDeviceRequest& r) { r.keys = other.keys; },
           [&](CreateVirtualDeviceRequest& r) { r.keys.epoch_storage_key = other.keys.epoch_storage_key; },
           [&](CreateVirtualDeviceRequest& r) { r.keys.sig_30 = other.keys.sig_30; },
           [&](CreateVirtualDeviceRequest& r) { r.virtual_device_id = other.virtual_device_id; },
           [](CreateVirtualDeviceRequest& r) { r.secrets.device_key_private += "x"; },
           [](CreateVirtualDeviceRequest& r) { r.secrets.epoch_storage_key_private += "x"; },
           [](CreateVirtualDeviceRequest& r) { r.secrets.orf_client_state += "x"; },
           [](CreateVirtualDeviceRequest& r) { r.secrets.mailbox_root_salt += "x"; },
           [](CreateVirtualDeviceRequest& r) { r.secrets.epoch_root_key += "x"; },
           [](CreateVirtualDeviceRequest& r) { r.secrets.epoch_sequence_id += "x"; },
           [](CreateVirtualDeviceRequest& r) { std::swap(r.secrets.epoch_root_key, r.secrets.mailbox_root_salt); },
           [](CreateVirtualDeviceRequest& r) { r.log_entry.signature.data()[3] ^= 1; },
           [](CreateVirtualDeviceRequest& r) { r.evolve_token = crypto::Secret(32); },
       }) {
    CreateVirtualDeviceRequest request = f.Request();
    spoil(request);
    f.mailbox.MustRefuse(std::move(request), Reason::kInvalidField);
  }
  f.mailbox.MustRefuse(f.Spoilt([](LogEntry& e) { e.account_id = "account-2"; }), Reason::kInvalidField);
  f.mailbox.MustRefuse(f.Spoilt([](LogEntry& e) { e.server_name = "other.test"; }), Reason::kInvalidField);
}

TEST_CASE("only the calling physical member creates it") {
  Fixture f;
  const TestDevice sponsor = f.mailbox.AddVirtualDevice(f.me());
  const TestDevice other = f.mailbox.AddDevice(sponsor);
  // A code makes no further codes.
  f.mailbox.MustRefuse(f.mailbox.VirtualDeviceRequest(sponsor, f.code), Reason::kTokenInvalid);
  // Another member's entry in this one's call.
  CreateVirtualDeviceRequest foreign = f.mailbox.VirtualDeviceRequest(other, f.code);
  foreign.caller = f.mailbox.CallerOf(f.me());
  f.mailbox.MustRefuse(std::move(foreign), Reason::kInvalidField);
  f.mailbox.CutOff(other.id);
  f.mailbox.MustRefuse(f.mailbox.VirtualDeviceRequest(other, f.code), Reason::kDeviceRevoked);
  CreateVirtualDeviceRequest before = f.Request();
  before.caller.incarnation += 1;
  f.mailbox.MustRefuse(std::move(before), Reason::kMailboxNotFound);
}

TEST_CASE("a physical device can't pass for a virtual one") {
  Fixture f;
  TestDevice physical = MakePhysical(f.server.random());
  physical.virtual_device_id = f.code.virtual_device_id;
  CreateVirtualDeviceRequest request = f.Request();
  request.keys = physical.keys;
  LogEntry entry = f.mailbox.NextEntry(crypto::LogEntryKind::kAddDevice, f.me());
  crypto::SetSubject(entry, physical.keys);
  entry.body_hash = crypto::AddVirtualDeviceBodyHash(physical.virtual_device_id, physical.keys.sig_30, request.secrets);
  request.log_entry = f.mailbox.Sign(entry, f.me());
  f.mailbox.MustRefuse(std::move(request), Reason::kInvalidField);
}

}  // namespace
}  // namespace labyrinth::mailbox::testing
