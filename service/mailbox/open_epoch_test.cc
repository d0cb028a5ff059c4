// A member opens the next epoch.
#include "service/mailbox/open_epoch.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/limits.h"
#include "service/mailbox/testing/epoch_fixture.h"

namespace labyrinth::mailbox::testing {
namespace {

namespace keys = storage::keys;

TEST_CASE("an epoch stands as its opener sent it, after the one before") {
  EpochFixture f;
  const storage_v1::MailboxHead before = f.mailbox.Head();
  const OpenEpochRequest request = f.Request();
  const auto opened = f.server.Do(request);
  REQUIRE(opened.ok());
  CHECK(opened->revision == f.server.PositionOf(f.partition()).revision);
  CHECK(opened->epoch_id.value() != 0);
  CHECK(opened->epoch_id.value() != before.current_epoch_id());
  const storage_v1::EpochRecord epoch = f.EpochAt(1).value();
  CHECK(epoch.epoch_id() == opened->epoch_id.value());
  CHECK(epoch.opener_device_id() == f.me().id.value());
  CHECK(epoch.opener_previous_mac() == TestMailbox::MacOf(f.me().keys, 0).view());
  CHECK(epoch.enc_prev_sequence() == "encrypted sequence");
  CHECK(epoch.enc_prev_root() == "encrypted root");
  CHECK(epoch.commitment() == "commitment 1");
  CHECK(epoch.revision() == opened->revision);
  CHECK(epoch.create_ms() == kTestNowMs);
  for (const DeviceId id : {f.me().id, f.code.id, f.other.id}) {
    const storage_v1::MemberRecord member = f.MemberAt(1, id).value();
    CHECK(member.epoch_device_mac() == TestMailbox::MacOf(f.mailbox.KeysOfDevice(id), 1).view());
    CHECK(member.encrypted_entropy() == "entropy for " + Text(id));
    CHECK(f.MemberAt(0, id).has_value());
  }
  CHECK(f.EpochAt(0).value().epoch_id() == before.current_epoch_id());
  const storage_v1::MailboxHead head = f.mailbox.Head();
  CHECK(head.current_epoch_id() == opened->epoch_id.value());
  CHECK(head.current_sequence_id() == 1);
  CHECK(head.log_count() == before.log_count() + 1);
  CHECK(head.log_head() == request.log_entries.back().Head().view());
  f.mailbox.CheckSound();
}

TEST_CASE("any physical member opens; epochs count up, and saves follow them") {
  EpochFixture f;
  SaveRequest old = f.mailbox.Save(f.me(), {MakeMessage("old", "t", 1)});
  for (uint32_t sequence_id = 1; sequence_id <= 4; ++sequence_id) {
    f.mailbox.Rotate(sequence_id % 2 == 0 ? f.me() : f.other);
    CHECK(f.mailbox.Head().current_sequence_id() == sequence_id);
    f.mailbox.MustSave(f.me(), {MakeMessage(fmt::format("m{}", sequence_id), "t", 1)});
  }
  f.mailbox.MustRefuse(old, Reason::kEpochStale);
  f.mailbox.CheckSound();
}

TEST_CASE("the opener names the current epoch, else learns which it is") {
  EpochFixture f;
  OpenEpochRequest stale = f.Request();
  const OpenEpochResponse opened = f.mailbox.Rotate(f.other);
  const auto check = [&](const OpenEpochRequest& request) {
    const auto details = f.mailbox.MustRefuse(request, Reason::kEpochStale);
    CHECK(DetailIn(details, "current_epoch_id") == fmt::format("{}", opened.epoch_id.value()));
    CHECK(DetailIn(details, "current_sequence_id") == "1");
  };
  check(stale);
  OpenEpochRequest unknown = f.Request();
  unknown.expected_epoch_id = EpochId(opened.epoch_id.value() + 1);
  check(unknown);
  f.mailbox.CheckSound();
}

TEST_CASE("the sequence is the current one plus one, up to the last there is") {
  EpochFixture f;
  f.mailbox.Rotate(f.me());
  for (const uint32_t sequence_id : {0u, 1u, 3u, limits::kEpochSequence, UINT32_MAX}) {
    OpenEpochRequest request = f.Request();
    request.sequence_id = sequence_id;
    CHECK(f.RefusedField(request) == "sequence_id");
  }
  OpenEpochRequest request = f.Request();
  storage_v1::MailboxHead head = f.mailbox.Head();
  head.set_current_sequence_id(limits::kEpochSequence);
  f.server.Overwrite(f.partition(), {{keys::Head(), head.SerializeAsString()}});
  request.sequence_id = limits::kEpochSequence + 1;
  f.mailbox.MustRefuse(request, Reason::kLimitExceeded);
}

TEST_CASE("members are exactly the active devices minus the revoked") {
  EpochFixture f;
  const auto check = [&](OpenEpochRequest request, const std::string& missing, const std::string& extra) {
    f.mailbox.SignOpen(request, f.me());
    const auto details = f.mailbox.MustRefuse(request, Reason::kMembersMismatch);
    CHECK(DetailIn(details, "missing_device_ids") == missing);
    CHECK(DetailIn(details, "extra_device_ids") == extra);
  };
  const auto without = [](OpenEpochRequest request, DeviceId id) {
    std::erase_if(request.members, [&](const EpochMember& member) { return member.device_id == id; });
    return request;
  };
  check(without(f.Request(), f.other.id), Text(f.other.id), "");
  check(without(f.Request(), f.code.id), Text(f.code.id), "");
  check(without(f.Request(), f.me().id), Text(f.me().id), "");

  OpenEpochRequest kept = f.Request();
  kept.revoke_device_ids = {f.other.id};
  check(kept, "", Text(f.other.id));

  OpenEpochRequest none = f.Request();
  none.members.clear();
  std::set<uint64_t> all = {f.me().id.value(), f.code.id.value(), f.other.id.value()};
  check(none, fmt::format("{}", fmt::join(all, ",")), "");

  f.mailbox.CutOff(f.other.id);
  OpenEpochRequest both = without(f.Request(), f.code.id);
  both.members.push_back({f.other.id, TestMailbox::MacOf(f.other.keys, 1), "entropy"});
  check(both, Text(f.code.id), Text(f.other.id));
}

TEST_CASE("a member that never was is named as one too many") {
  EpochFixture f;
  OpenEpochRequest request = f.Request();
  request.members.push_back({DeviceId(77), TestMailbox::MacOf(f.other.keys, 1), "entropy"});
  const auto details = f.mailbox.MustRefuse(request, Reason::kMembersMismatch);
  CHECK(DetailIn(details, "extra_device_ids") == "77");
}

TEST_CASE("a member named twice is refused, with equal words or others") {
  EpochFixture f;
  OpenEpochRequest request = f.Request();
  request.members.push_back(request.members.front());
  CHECK(f.RefusedField(request) == "members");
  request.members.back().encrypted_entropy = "another";
  CHECK(f.RefusedField(request) == "members");
}

TEST_CASE("an opener revokes others that are active, each once") {
  EpochFixture f;
  const auto with_list = [&](std::vector<DeviceId> ids) {
    OpenEpochRequest request = f.Request();
    request.revoke_device_ids = std::move(ids);
    return request;
  };
  CHECK(f.RefusedField(with_list({f.me().id})) == "revoke_device_ids");
  CHECK(f.RefusedField(with_list({f.other.id, f.me().id})) == "revoke_device_ids");
  CHECK(f.RefusedField(with_list({f.other.id, f.other.id})) == "revoke_device_ids");
  f.mailbox.MustRefuse(with_list({DeviceId(77)}), Reason::kDeviceNotFound);
  f.mailbox.Rotate(f.me(), {f.other.id});
  f.mailbox.MustRefuse(with_list({f.other.id}), Reason::kDeviceNotFound);
  f.mailbox.CutOff(f.code.id);
  f.mailbox.MustRefuse(with_list({f.code.id}), Reason::kDeviceNotFound);
  f.mailbox.CheckSound();
}

TEST_CASE("the opener shows its own MAC of the epoch before") {
  EpochFixture f;
  f.mailbox.Rotate(f.me());
  for (const crypto::MacTag& mac : {TestMailbox::MacOf(f.me().keys, 0), TestMailbox::MacOf(f.me().keys, 2),
                                    TestMailbox::MacOf(f.other.keys, 1), crypto::MacTag()}) {
    OpenEpochRequest request = f.Request();
    request.opener_previous_mac = mac;
    CHECK(f.RefusedField(request) == "opener_previous_mac");
  }
}

TEST_CASE("the revoked lose scalar, sealed secrets and standing in the same commit") {
  EpochFixture f;
  const uint64_t before = f.server.PositionOf(f.partition()).revision;
  std::vector<std::string> scalars;
  for (const DeviceId id : {f.other.id, f.code.id}) {
    scalars.push_back(f.server.Find<storage_v1::OrfServerRecord>(f.partition(), keys::OrfServer(id)).value().scalar());
  }
  const OpenEpochResponse opened = f.mailbox.Rotate(f.me(), {f.other.id, f.code.id});
  CHECK(opened.revision == before + 1);
  CHECK_FALSE(f.server.RowAt(f.partition(), keys::VirtualDevice(f.code.virtual_device_id)).has_value());
  for (const TestDevice* device : {&f.other, &f.code}) {
    CHECK_FALSE(f.server.RowAt(f.partition(), keys::OrfServer(device->id)).has_value());
    CHECK(f.server.Find<storage_v1::DeviceRecord>(f.partition(), keys::Device(device->id)).value().revoked());
    CHECK(f.mailbox.KeysOfDevice(device->id) == device->keys);
    CHECK_FALSE(f.MemberAt(1, device->id).has_value());
    CHECK(f.MemberAt(0, device->id).has_value());
  }
  for (const auto& [key, value] : f.server.Rows(f.partition())) {
    CHECK(value.find("sealed") == std::string::npos);
    for (const std::string& scalar : scalars) CHECK(value.find(scalar) == std::string::npos);
  }
  CHECK(f.server.RowAt(f.partition(), keys::OrfServer(f.me().id)).has_value());
  CHECK_FALSE(f.mailbox.Head().rotation_required());
  f.mailbox.MustRefuse(f.mailbox.Save(f.other, {MakeMessage("m", "t", 1)}), Reason::kDeviceRevoked);
  f.mailbox.MustRefuse(f.mailbox.OpenRequest(f.other), Reason::kDeviceRevoked);
  f.mailbox.CheckSound();
}

TEST_CASE("a rotation that was due is done, and saving goes on") {
  const bool with_entry = GENERATE(true, false);
  EpochFixture f;
  if (with_entry) {
    f.mailbox.Revoke(f.me(), f.other.id);
  } else {
    f.mailbox.CutOff(f.other.id);
  }
  f.mailbox.MustRefuse(f.mailbox.Save(f.me(), {MakeMessage("m", "t", 1)}), Reason::kRotationRequired);
  f.mailbox.Rotate(f.me());
  CHECK_FALSE(f.mailbox.Head().rotation_required());
  f.mailbox.MustSave(f.me(), {MakeMessage("m", "t", 1)});
  f.mailbox.CheckSound();
}

TEST_CASE("the feed tells of each revoked device, and then of the epoch") {
  EpochFixture f;
  const OpenEpochResponse opened = f.mailbox.Rotate(f.me(), {f.other.id, f.code.id});
  const auto feed = f.server.Find<storage_v1::FeedRecord>(f.partition(), keys::Feed(opened.revision)).value();
  REQUIRE(feed.changes_size() == 3);
  CHECK(feed.changes(0).kind() == storage_v1::CHANGE_KIND_DEVICE_REVOKED);
  CHECK(feed.changes(0).device_id() == f.other.id.value());
  CHECK(feed.changes(1).kind() == storage_v1::CHANGE_KIND_DEVICE_REVOKED);
  CHECK(feed.changes(1).device_id() == f.code.id.value());
  CHECK(feed.changes(2).kind() == storage_v1::CHANGE_KIND_EPOCH_OPENED);
  CHECK(feed.changes(2).sequence_id() == 1);
  for (const storage_v1::ChangeRecord& change : feed.changes()) CHECK(change.by_device_id() == f.me().id.value());
}

TEST_CASE("only a physical member of this mailbox opens") {
  EpochFixture f;
  f.mailbox.MustRefuse(f.mailbox.OpenRequest(f.code), Reason::kTokenInvalid);
  OpenEpochRequest before = f.Request();
  before.caller.incarnation += 1;
  f.mailbox.MustRefuse(before, Reason::kMailboxNotFound);
  OpenEpochRequest unknown = f.Request();
  unknown.caller.device_id = DeviceId(77);
  f.mailbox.MustRefuse(unknown, Reason::kDeviceRevoked);
}

}  // namespace
}  // namespace labyrinth::mailbox::testing
