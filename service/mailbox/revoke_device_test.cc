// Devices are cut off.
#include <catch2/catch.hpp>
#include <functional>

#include "service/mailbox/device_operations.h"
#include "service/mailbox/testing/three_devices.h"

namespace labyrinth::mailbox::testing {
namespace {

namespace keys = storage::keys;
using crypto::LogEntry;
using storage::CommitFault;

struct Fixture : ThreeDevices {
  storage_v1::DeviceRecord RecordOf(DeviceId id) {
    return server.Find<storage_v1::DeviceRecord>(partition(), keys::Device(id)).value();
  }
  RevokeDeviceRequest Request(bool with_entry, DeviceId id) {
    return with_entry ? mailbox.RevokeRequest(me(), id) : mailbox.CutOffRequest(id);
  }
};

TEST_CASE("a revoked device loses its power with the commit and keeps its public keys") {
  const bool with_entry = GENERATE(true, false);
  Fixture f;
  const storage_v1::MailboxHead before = f.mailbox.Head();
  const auto revision = f.server.Do(f.Request(with_entry, f.other.id));
  REQUIRE(revision.ok());
  CHECK(*revision == f.server.PositionOf(f.partition()).revision);
  CHECK(f.RecordOf(f.other.id).revoked());
  CHECK(f.mailbox.KeysOfDevice(f.other.id) == f.other.keys);
  CHECK_FALSE(f.server.RowAt(f.partition(), keys::OrfServer(f.other.id)).has_value());
  CHECK(f.mailbox.Head().rotation_required());
  CHECK(f.mailbox.Head().log_count() == before.log_count() + (with_entry ? 1 : 0));
  CHECK(f.mailbox.Roster().active_device_ids_size() == 2);
  CHECK(f.mailbox.Roster().unsigned_removal_ids_size() == (with_entry ? 0 : 1));
  const auto feed = f.server.Find<storage_v1::FeedRecord>(f.partition(), keys::Feed(*revision)).value();
  REQUIRE(feed.changes_size() == 1);
  CHECK(feed.changes(0).kind() == storage_v1::CHANGE_KIND_DEVICE_REVOKED);
  CHECK(feed.changes(0).device_id() == f.other.id.value());
  CHECK(feed.changes(0).by_device_id() == (with_entry ? f.me().id.value() : 0));
  f.mailbox.CheckSound();
}

TEST_CASE("every call of a revoked device is refused from then on") {
  const bool with_entry = GENERATE(true, false);
  Fixture f;
  f.mailbox.MustSave(f.other, {MakeMessage("m", "t", 1)});
  CHECK(f.server.Do(f.Request(with_entry, f.other.id)).ok());
  TestDevice added = MakeVirtual(f.server.random());
  f.mailbox.MustRefuse(f.mailbox.Save(f.other, {MakeMessage("m", "t", 1)}), Reason::kDeviceRevoked);
  f.mailbox.MustRefuse(f.mailbox.OpenRequest(f.other), Reason::kDeviceRevoked);
  f.mailbox.MustRefuse(f.mailbox.VirtualDeviceRequest(f.other, added), Reason::kDeviceRevoked);
  f.mailbox.MustRefuse(f.mailbox.RevokeRequest(f.other, f.me().id), Reason::kDeviceRevoked);
  f.mailbox.MustRefuse(f.mailbox.DeleteRequest(f.other), Reason::kDeviceRevoked);
  f.mailbox.MustRefuse(f.mailbox.CallerOf(f.other), Reason::kDeviceRevoked);
}

TEST_CASE("a save that waits behind a revocation is refused") {
  Fixture f;
  Pending<uint64_t> revoked;
  Pending<SaveResponse> theirs, mine;
  f.server.WhileBusy(f.partition(), [&] {
    revoked = f.server.Start(f.Request(true, f.other.id));
    theirs = f.server.Start(f.mailbox.Save(f.other, {MakeMessage("m", "t", 1)}));
    mine = f.server.Start(f.mailbox.Save(f.me(), {MakeMessage("m", "t", 1)}));
  });
  CHECK((*revoked)->ok());
  CHECK(ReasonIn(**theirs) == Reason::kDeviceRevoked);
  CHECK(ReasonIn(**mine) == Reason::kRotationRequired);
  CHECK(f.mailbox.Head().message_count() == 0);
}

TEST_CASE("a save that another node's revocation overtakes is refused") {
  Fixture f;
  QueueExecutor executor;
  Sequencer other_node(f.server.store(), executor, f.server.clock(), f.server.random());
  f.server.faults().ScriptCommits({CommitFault::kHoldRequest});
  auto save = f.server.Start(f.mailbox.Save(f.other, {MakeMessage("m", "t", 1)}));
  other_node.Submit(f.partition(),
                    std::make_unique<RevokeDeviceOperation>(f.server.policy(), f.Request(true, f.other.id),
                                                            [](const auto& result) { CHECK(result.ok()); }));
  executor.RunAll();
  f.server.faults().Release();
  f.server.Settle();
  CHECK(ReasonIn(**save) == Reason::kDeviceRevoked);
  CHECK(f.mailbox.Head().message_count() == 0);
}

TEST_CASE("a revoked code's sealed secrets and scalar are gone from the store") {
  const bool with_entry = GENERATE(true, false);
  Fixture f;
  const auto scalar = f.server.Find<storage_v1::OrfServerRecord>(f.partition(), keys::OrfServer(f.code.id)).value();
  CHECK(f.server.Do(f.Request(with_entry, f.code.id)).ok());
  CHECK_FALSE(f.server.RowAt(f.partition(), keys::VirtualDevice(f.code.virtual_device_id)).has_value());
  for (const auto& [key, value] : f.server.Rows(f.partition())) {
    CHECK(value.find("sealed") == std::string::npos);
    CHECK(value.find(scalar.scalar()) == std::string::npos);
  }
  CHECK(f.mailbox.Head().rotation_required());
  f.mailbox.CheckSound();
}

TEST_CASE("a repeated revocation gets the first answer, also from a device that removed itself") {
  Fixture f;
  const RevokeDeviceRequest request = f.mailbox.RevokeRequest(f.other, f.other.id);
  const auto first = f.server.Do(request);
  REQUIRE(first.ok());
  f.mailbox.Rotate(f.me());
  f.server.Restart();
  const auto before = f.server.Rows(f.partition());
  CHECK(*f.server.Do(request) == *first);
  CHECK(f.server.Rows(f.partition()) == before);
  RevokeDeviceRequest other = request;
  other.request.hash = crypto::Sha256("else");
  f.mailbox.MustRefuse(other, Reason::kRequestIdReused);
}

TEST_CASE("revoking what is revoked changes nothing") {
  Fixture f;
  f.mailbox.Revoke(f.me(), f.other.id);
  f.mailbox.Rotate(f.me());
  const auto before = f.server.Rows(f.partition());
  const uint64_t revision = f.server.PositionOf(f.partition()).revision;
  CHECK(*f.server.Do(f.mailbox.CutOffRequest(f.other.id)) == revision);
  CHECK(*f.server.Do(f.mailbox.RevokeRequest(f.me(), f.other.id)) == revision);
  CHECK(f.server.Rows(f.partition()) == before);
  CHECK_FALSE(f.mailbox.Head().rotation_required());
}

TEST_CASE("of two revocations of one device at once, one commits") {
  Fixture f;
  Pending<uint64_t> one, two;
  f.server.WhileBusy(f.partition(), [&] {
    one = f.server.Start(f.Request(false, f.other.id));
    two = f.server.Start(f.Request(true, f.other.id));
  });
  CHECK((*one)->ok());
  CHECK((*two)->ok());
  CHECK(**one == **two);
  f.mailbox.CheckSound();
}

TEST_CASE("a revocation of unknown outcome is one revocation") {
  const auto fault = GENERATE(CommitFault::kUnknownApplied, CommitFault::kUnknownLost);
  Fixture f;
  f.server.faults().ScriptCommits({fault});
  const uint64_t revision = *f.server.Do(f.Request(true, f.other.id));
  CHECK(revision == f.server.PositionOf(f.partition()).revision);
  f.mailbox.CheckSound();
}

TEST_CASE("a device that never was is DEVICE_NOT_FOUND") {
  Fixture f;
  f.mailbox.MustRefuse(f.mailbox.CutOffRequest(DeviceId(77)), Reason::kDeviceNotFound);
  RevokeDeviceRequest nowhere = f.mailbox.CutOffRequest(f.other.id);
  nowhere.partition = f.server.policy().partition_of("nobody");
  CHECK(ReasonIn(f.server.Do(nowhere)) == Reason::kMailboxNotFound);
}

TEST_CASE("the entry must remove that device, be the caller's, and continue the log") {
  Fixture f;
  const auto refused = [&](RevokeDeviceRequest request, Reason reason) { f.mailbox.MustRefuse(request, reason); };
  RevokeDeviceRequest request = f.mailbox.RevokeRequest(f.me(), f.code.id);
  request.device_id = f.other.id;
  refused(request, Reason::kInvalidField);
  request = f.mailbox.RevokeRequest(f.other, f.code.id);
  request.caller = f.mailbox.CallerOf(f.me());
  refused(request, Reason::kInvalidField);
  const auto spoilt = [&](const std::function<void(LogEntry&)>& spoil) {
    RevokeDeviceRequest spoilt = f.mailbox.RevokeRequest(f.me(), f.other.id);
    LogEntry entry = *crypto::DecodeLogEntry(spoilt.log_entry->entry);
    spoil(entry);
    spoilt.log_entry = f.mailbox.Sign(entry, f.me());
    return spoilt;
  };
  refused(spoilt([](LogEntry& e) { e.index += 1; }), Reason::kLogStale);
  refused(spoilt([](LogEntry& e) { e.epoch_sequence += 1; }), Reason::kInvalidField);
  refused(spoilt([](LogEntry& e) { e.account_id = "account-2"; }), Reason::kInvalidField);
  refused(spoilt([&](LogEntry& e) { e.subject_epoch_storage_key = f.me().keys.epoch_storage_key; }),
          Reason::kInvalidField);
  request = f.mailbox.RevokeRequest(f.me(), f.other.id);
  request.log_entry->signature.data()[0] ^= 1;
  refused(request, Reason::kInvalidField);
  request = f.mailbox.RevokeRequest(f.me(), f.other.id);
  request.log_entry = f.mailbox.DeleteRequest(f.me()).log_entry;
  refused(request, Reason::kInvalidField);
}

TEST_CASE("a code removes nobody") {
  Fixture f;
  f.mailbox.MustRefuse(f.mailbox.RevokeRequest(f.code, f.other.id), Reason::kTokenInvalid);
}

TEST_CASE("the only device may remove itself, with an entry as well as without") {
  const bool with_entry = GENERATE(true, false);
  TestServer server;
  TestMailbox mailbox(server);
  mailbox.Create();
  const DeviceId id = mailbox.first().id;
  const auto revoked = server.Do(with_entry ? mailbox.RevokeRequest(mailbox.first(), id) : mailbox.CutOffRequest(id));
  INFO(revoked.status().ToString());
  CHECK(revoked.ok());
  CHECK(mailbox.Roster().active_device_ids_size() == 0);
  CHECK(mailbox.Head().rotation_required());
  mailbox.MustRefuse(mailbox.Save(mailbox.first(), {MakeMessage("m", "t", 1)}), Reason::kDeviceRevoked);
  mailbox.CheckSound();
}

TEST_CASE("a device that was cut off can't sign for others, though the log still has it") {
  Fixture f;
  f.mailbox.CutOff(f.other.id);
  // Its entry, in a call that names no caller: only a handler's mistake could bring it here.
  RevokeDeviceRequest request = f.mailbox.RevokeRequest(f.other, f.me().id);
  request.caller = f.mailbox.CallerOf(f.me());
  f.mailbox.MustRefuse(request, Reason::kDeviceRevoked);
}

}  // namespace
}  // namespace labyrinth::mailbox::testing
