// A member opens the next epoch.
#include "service/mailbox/open_epoch.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <functional>
#include <set>

#include "common/limits.h"
#include "service/mailbox/testing/test_mailbox.h"

namespace labyrinth::mailbox::testing {
namespace {

namespace keys = storage::keys;
using crypto::LogEntry;
using crypto::LogEntryKind;
using storage::CommitFault;

// A mailbox of three: `me`, a code and `other`, which joined by it.
struct Fixture {
  Fixture() : mailbox(server), code(MakeVirtual(server.random())), other(MakePhysical(server.random())) {
    mailbox.Create();
    code = mailbox.AddVirtualDevice(me());
    other = mailbox.AddDevice(code);
  }
  TestDevice& me() { return mailbox.first(); }
  const std::string& partition() { return mailbox.partition(); }
  OpenEpochRequest Request(std::vector<DeviceId> revoked = {}) { return mailbox.OpenRequest(me(), std::move(revoked)); }
  // With the entry at `index` changed by `spoil` and signed anew.
  OpenEpochRequest Spoilt(OpenEpochRequest request, std::size_t index, const std::function<void(LogEntry&)>& spoil) {
    LogEntry entry = *crypto::DecodeLogEntry(request.log_entries[index].entry);
    spoil(entry);
    request.log_entries[index] = mailbox.Sign(entry, me());
    return request;
  }
  std::string RefusedField(const OpenEpochRequest& request) {
    return DetailIn(mailbox.MustRefuse(request, Reason::kInvalidField), "field");
  }
  std::optional<storage_v1::EpochRecord> EpochAt(uint32_t sequence_id) {
    return server.Find<storage_v1::EpochRecord>(partition(), keys::Epoch(sequence_id));
  }
  std::optional<storage_v1::MemberRecord> MemberAt(uint32_t sequence_id, DeviceId id) {
    return server.Find<storage_v1::MemberRecord>(partition(), keys::Member(sequence_id, id));
  }
  // Exactly one epoch was opened, and it is `opened`.
  void CheckOneOpened(const OpenEpochResponse& opened) {
    CHECK(mailbox.Head().current_sequence_id() == 1);
    CHECK(mailbox.CurrentEpoch() == opened.epoch_id);
    CHECK(EpochAt(1).value().revision() == opened.revision);
    CHECK_FALSE(EpochAt(2).has_value());
    mailbox.CheckSound();
  }

  TestServer server;
  TestMailbox mailbox;
  TestDevice code;
  TestDevice other;
};

std::string Text(DeviceId id) { return fmt::format("{}", id.value()); }

TEST_CASE("an epoch stands as its opener sent it, after the one before") {
  Fixture f;
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
  Fixture f;
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
  Fixture f;
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
  Fixture f;
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
  Fixture f;
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
  Fixture f;
  OpenEpochRequest request = f.Request();
  request.members.push_back({DeviceId(77), TestMailbox::MacOf(f.other.keys, 1), "entropy"});
  const auto details = f.mailbox.MustRefuse(request, Reason::kMembersMismatch);
  CHECK(DetailIn(details, "extra_device_ids") == "77");
}

TEST_CASE("a member named twice is refused, with equal words or others") {
  Fixture f;
  OpenEpochRequest request = f.Request();
  request.members.push_back(request.members.front());
  CHECK(f.RefusedField(request) == "members");
  request.members.back().encrypted_entropy = "another";
  CHECK(f.RefusedField(request) == "members");
}

TEST_CASE("an opener revokes others that are active, each once") {
  Fixture f;
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
  Fixture f;
  f.mailbox.Rotate(f.me());
  for (const crypto::MacTag& mac : {TestMailbox::MacOf(f.me().keys, 0), TestMailbox::MacOf(f.me().keys, 2),
                                    TestMailbox::MacOf(f.other.keys, 1), crypto::MacTag()}) {
    OpenEpochRequest request = f.Request();
    request.opener_previous_mac = mac;
    CHECK(f.RefusedField(request) == "opener_previous_mac");
  }
}

TEST_CASE("there is one remove for each device that goes, and then the open") {
  Fixture f;
  const auto refused = [&](OpenEpochRequest request, const std::function<void(OpenEpochRequest&)>& spoil) {
    spoil(request);
    CHECK(f.RefusedField(request) == "log_entries");
  };
  refused(f.Request(), [](auto& r) { r.log_entries.clear(); });
  refused(f.Request(), [](auto& r) { r.log_entries.push_back(r.log_entries.back()); });
  const std::vector<DeviceId> gone = {f.other.id};
  refused(f.Request(gone), [](auto& r) { r.log_entries.pop_back(); });
  refused(f.Request(gone), [](auto& r) { r.log_entries.erase(r.log_entries.begin()); });
  // A remove that nobody asked for.
  OpenEpochRequest surplus = f.Request(gone);
  surplus.revoke_device_ids = {};
  surplus.members = f.Request().members;
  CHECK(f.RefusedField(surplus) == "log_entries");
}

TEST_CASE("the removes stand before the open") {
  Fixture f;
  OpenEpochRequest request = f.Request({f.other.id});
  // The two change places, chained and signed as a log that goes on this way would have them.
  LogEntry open = *crypto::DecodeLogEntry(request.log_entries[1].entry);
  LogEntry remove = *crypto::DecodeLogEntry(request.log_entries[0].entry);
  std::swap(open.index, remove.index);
  open.previous_head = remove.previous_head;
  request.log_entries[0] = f.mailbox.Sign(open, f.me());
  remove.previous_head = request.log_entries[0].Head();
  remove.epoch_sequence += 1;
  request.log_entries[1] = f.mailbox.Sign(remove, f.me());
  f.mailbox.MustRefuse(request, Reason::kInvalidField);
}

TEST_CASE("the entries are of the kinds that the call needs") {
  Fixture f;
  OpenEpochRequest request = f.Request();
  request.log_entries = {f.mailbox.DeleteRequest(f.me()).log_entry};
  CHECK(f.RefusedField(request) == "log_entry");
  request.log_entries = {f.mailbox.Sign(f.mailbox.RemoveEntry(f.other.id, f.me()), f.me())};
  CHECK(f.RefusedField(request) == "log_entry");
  request = f.Request({f.other.id});
  request.log_entries[0] = f.mailbox.DeleteRequest(f.me()).log_entry;
  CHECK(f.RefusedField(request) == "log_entry");
  TestDevice added = MakeVirtual(f.server.random());
  request.log_entries[0] = f.mailbox.VirtualDeviceRequest(f.me(), added).log_entry;
  CHECK(f.RefusedField(request) == "log_entry");
}

TEST_CASE("the entries are the caller's own") {
  Fixture f;
  // Signed by another member, in full and for the open alone.
  OpenEpochRequest request = f.Request();
  f.mailbox.SignOpen(request, f.other);
  CHECK(f.RefusedField(request) == "log_entries");
  request = f.Request({f.code.id});
  request.log_entries[0] = f.mailbox.Sign(f.mailbox.RemoveEntry(f.code.id, f.other), f.other);
  CHECK(f.RefusedField(request) == "log_entries");
  // The caller's name under somebody else's signature, and a broken one.
  request = f.Request();
  request.log_entries[0] = f.mailbox.Sign(*crypto::DecodeLogEntry(request.log_entries[0].entry), f.other);
  f.mailbox.MustRefuse(request, Reason::kInvalidField);
  request = f.Request();
  request.log_entries[0].signature.data()[5] ^= 1;
  f.mailbox.MustRefuse(request, Reason::kInvalidField);
  request = f.Request();
  request.log_entries[0].entry = "not an entry";
  f.mailbox.MustRefuse(request, Reason::kInvalidField);
  // A member that was cut off, in a call of one that stays.
  f.mailbox.CutOff(f.other.id);
  request = f.Request();
  f.mailbox.SignOpen(request, f.other);
  f.mailbox.MustRefuse(request, Reason::kDeviceRevoked);
}

TEST_CASE("the open covers the body: what is encrypted, and each member's words") {
  Fixture f;
  for (const auto& spoil : std::vector<std::function<void(OpenEpochRequest&)>>{
           [](OpenEpochRequest& r) { r.enc_prev_sequence += "x"; },
           [](OpenEpochRequest& r) { r.enc_prev_root += "x"; },
           [](OpenEpochRequest& r) { std::swap(r.enc_prev_root, r.enc_prev_sequence); },
           [](OpenEpochRequest& r) { r.members[1].encrypted_entropy += "x"; },
           [](OpenEpochRequest& r) { r.members[2].epoch_device_mac.data()[0] ^= 1; },
           [](OpenEpochRequest& r) { std::swap(r.members[0].encrypted_entropy, r.members[1].encrypted_entropy); },
       }) {
    OpenEpochRequest request = f.Request();
    spoil(request);
    CHECK(f.RefusedField(request) == "log_entry");
  }
  // In which order the members come is nobody's matter.
  OpenEpochRequest request = f.Request();
  std::swap(request.members[0], request.members[2]);
  CHECK(f.server.Do(request).ok());
  f.mailbox.CheckSound();
}

TEST_CASE("each entry continues this mailbox's log") {
  Fixture f;
  const auto spoil_at = GENERATE(0u, 1u);
  const auto spoilt = [&](const std::function<void(LogEntry&)>& spoil) {
    return f.Spoilt(f.Request({f.other.id}), spoil_at, spoil);
  };
  f.mailbox.MustRefuse(spoilt([](LogEntry& e) { e.index += 1; }), Reason::kLogStale);
  f.mailbox.MustRefuse(spoilt([](LogEntry& e) { e.previous_head.data()[0] ^= 1; }), Reason::kLogStale);
  f.mailbox.MustRefuse(spoilt([](LogEntry& e) { e.epoch_sequence += 1; }), Reason::kInvalidField);
  f.mailbox.MustRefuse(spoilt([](LogEntry& e) { e.account_id = "account-2"; }), Reason::kInvalidField);
  f.mailbox.MustRefuse(spoilt([](LogEntry& e) { e.server_name = "other.test"; }), Reason::kInvalidField);
}

TEST_CASE("a remove names the device that goes, with its own keys") {
  Fixture f;
  const auto gone = [&] { return f.Request({f.other.id}); };
  const auto subject = [&](const crypto::DevicePublicKeys& keys) {
    return f.Spoilt(gone(), 0, [&](LogEntry& e) { crypto::SetSubject(e, keys); });
  };
  CHECK(f.RefusedField(subject(f.code.keys)) == "log_entries");
  f.mailbox.MustRefuse(subject(f.me().keys), Reason::kInvalidField);
  f.mailbox.MustRefuse(subject(MakePhysical(f.server.random()).keys), Reason::kInvalidField);
  crypto::DevicePublicKeys mixed = f.other.keys;
  mixed.epoch_storage_key = f.me().keys.epoch_storage_key;
  f.mailbox.MustRefuse(subject(mixed), Reason::kInvalidField);
  // Two go, and one of them is named twice.
  OpenEpochRequest twice = f.Request({f.code.id, f.other.id});
  LogEntry again = *crypto::DecodeLogEntry(twice.log_entries[0].entry);
  again.index += 1;
  again.previous_head = twice.log_entries[0].Head();
  twice.log_entries[1] = f.mailbox.Sign(again, f.me());
  f.mailbox.MustRefuse(twice, Reason::kInvalidField);
  CHECK(f.server.Do(gone()).ok());
}

TEST_CASE("whoever was cut off without an entry is removed by the next open") {
  Fixture f;
  OpenEpochRequest unaware = f.Request({f.other.id});
  f.mailbox.CutOff(f.other.id);
  // It doesn't count whether the caller knows: the entries have to say so.
  unaware.revoke_device_ids = {};
  unaware.log_entries.erase(unaware.log_entries.begin());
  CHECK(f.RefusedField(unaware) == "log_entries");
  OpenEpochRequest wrong = f.Spoilt(f.Request(), 0, [&](LogEntry& e) { crypto::SetSubject(e, f.code.keys); });
  CHECK(f.RefusedField(wrong) == "log_entries");

  const uint64_t log_count = f.mailbox.Head().log_count();
  CHECK(f.server.Do(f.Request({f.code.id})).ok());
  CHECK(f.mailbox.Head().log_count() == log_count + 3);
  const storage_v1::Roster roster = f.mailbox.Roster();
  CHECK(roster.unsigned_removal_ids_size() == 0);
  REQUIRE(roster.active_device_ids_size() == 1);
  CHECK(roster.active_device_ids(0) == f.me().id.value());
  f.mailbox.CheckSound();
}

TEST_CASE("who was removed with an entry needs no other") {
  Fixture f;
  f.mailbox.Revoke(f.me(), f.other.id);
  const OpenEpochRequest request = f.Request();
  CHECK(request.log_entries.size() == 1);
  CHECK(f.server.Do(request).ok());
  CHECK_FALSE(f.mailbox.Head().rotation_required());
  CHECK_FALSE(f.MemberAt(1, f.other.id).has_value());
  f.mailbox.CheckSound();
}

TEST_CASE("the revoked lose scalar, sealed secrets and standing in the same commit") {
  Fixture f;
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
  Fixture f;
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
  Fixture f;
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
  Fixture f;
  f.mailbox.MustRefuse(f.mailbox.OpenRequest(f.code), Reason::kTokenInvalid);
  OpenEpochRequest before = f.Request();
  before.caller.incarnation += 1;
  f.mailbox.MustRefuse(before, Reason::kMailboxNotFound);
  OpenEpochRequest unknown = f.Request();
  unknown.caller.device_id = DeviceId(77);
  f.mailbox.MustRefuse(unknown, Reason::kDeviceRevoked);
}

TEST_CASE("a repeated request gets the same epoch, also after the next one was opened") {
  Fixture f;
  const OpenEpochRequest request = f.Request({f.code.id});
  const OpenEpochResponse first = f.server.Do(request).value();
  const bool later = GENERATE(false, true);
  if (later) {
    f.mailbox.Rotate(f.other);
    f.server.Restart();
  }
  const auto before = f.server.Rows(f.partition());
  const OpenEpochResponse again = f.server.Do(request).value();
  CHECK(again.epoch_id == first.epoch_id);
  CHECK(again.revision == first.revision);
  CHECK(f.server.Rows(f.partition()) == before);
  OpenEpochRequest other = f.Request();
  other.request = {request.request.id, crypto::Sha256("else")};
  f.mailbox.MustRefuse(other, Reason::kRequestIdReused);
}

TEST_CASE("a request that waits behind itself opens one epoch") {
  Fixture f;
  Pending<OpenEpochResponse> one, two;
  const OpenEpochRequest request = f.Request();
  f.server.WhileBusy(f.partition(), [&] {
    one = f.server.Start(request);
    two = f.server.Start(request);
  });
  REQUIRE((*one)->ok());
  REQUIRE((*two)->ok());
  CHECK((**one)->epoch_id == (**two)->epoch_id);
  CHECK((**one)->revision == (**two)->revision);
  f.CheckOneOpened(***one);
}

TEST_CASE("of two that open at once one wins, and the other learns of its epoch") {
  Fixture f;
  Pending<OpenEpochResponse> mine, theirs;
  f.server.WhileBusy(f.partition(), [&] {
    mine = f.server.Start(f.Request());
    theirs = f.server.Start(f.mailbox.OpenRequest(f.other));
  });
  REQUIRE((*mine)->ok());
  CHECK(ReasonIn(**theirs) == Reason::kEpochStale);
  CHECK(DetailIn(**theirs, "current_epoch_id") == fmt::format("{}", (**mine)->epoch_id.value()));
  CHECK(DetailIn(**theirs, "current_sequence_id") == "1");
  CHECK(f.EpochAt(1).value().opener_device_id() == f.me().id.value());
  f.CheckOneOpened(***mine);
}

TEST_CASE("an open that another node's overtakes is refused") {
  Fixture f;
  QueueExecutor executor;
  Sequencer other_node(f.server.store(), executor, f.server.clock(), f.server.random());
  f.server.faults().ScriptCommits({CommitFault::kHoldRequest});
  auto mine = f.server.Start(f.Request());
  std::optional<OpenEpochResponse> theirs;
  other_node.Submit(f.partition(), std::make_unique<OpenEpochOperation>(
                                       f.server.policy(), f.mailbox.OpenRequest(f.other), f.server.random(),
                                       [&](const auto& result) { theirs = result.value(); }));
  executor.RunAll();
  f.server.faults().Release();
  f.server.Settle();
  REQUIRE(theirs.has_value());
  CHECK(ReasonIn(**mine) == Reason::kEpochStale);
  f.CheckOneOpened(*theirs);
}

TEST_CASE("an open that waits behind a revocation is refused, and succeeds when made anew") {
  Fixture f;
  Pending<uint64_t> revoked;
  Pending<OpenEpochResponse> opened;
  f.server.WhileBusy(f.partition(), [&] {
    revoked = f.server.Start(f.mailbox.RevokeRequest(f.me(), f.other.id));
    opened = f.server.Start(f.Request());
  });
  CHECK((*revoked)->ok());
  CHECK(ReasonIn(**opened) == Reason::kMembersMismatch);
  CHECK(DetailIn(**opened, "extra_device_ids") == Text(f.other.id));
  CHECK(f.mailbox.Head().rotation_required());
  f.CheckOneOpened(f.mailbox.Rotate(f.me()));
}

TEST_CASE("an open of unknown outcome is one epoch") {
  const auto fault = GENERATE(CommitFault::kUnknownApplied, CommitFault::kUnknownLost);
  Fixture f;
  f.server.faults().ScriptCommits({fault});
  const auto opened = f.server.Do(f.Request({f.code.id}));
  REQUIRE(opened.ok());
  f.CheckOneOpened(*opened);
}

TEST_CASE("an open that comes late is still one epoch") {
  Fixture f;
  f.server.faults().ScriptCommits({CommitFault::kUnknownLate});
  const auto opened = f.server.Do(f.Request());
  REQUIRE(opened.ok());
  CHECK(f.server.faults().ApplyLate() == storage::CommitResult::Outcome::kConflict);
  f.CheckOneOpened(*opened);
}

TEST_CASE("an open that failed left nothing, and may be repeated") {
  Fixture f;
  const OpenEpochRequest request = f.Request();
  f.server.faults().ScriptCommits({CommitFault::kFail});
  f.mailbox.MustRefuse(request, Reason::kEngineUnavailable);
  const auto opened = f.server.Do(request);
  REQUIRE(opened.ok());
  f.CheckOneOpened(*opened);
}

}  // namespace
}  // namespace labyrinth::mailbox::testing
