// What the membership log says of an epoch that is opened: a remove for each device that goes, and the open.
#include <catch2/catch.hpp>
#include <functional>
#include <vector>

#include "service/mailbox/testing/epoch_fixture.h"

namespace labyrinth::mailbox::testing {
namespace {

using crypto::LogEntry;

TEST_CASE("there is one remove for each device that goes, and then the open") {
  EpochFixture f;
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
  EpochFixture f;
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
  EpochFixture f;
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
  EpochFixture f;
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
  EpochFixture f;
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
  EpochFixture f;
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
  EpochFixture f;
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
  EpochFixture f;
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
  EpochFixture f;
  f.mailbox.Revoke(f.me(), f.other.id);
  const OpenEpochRequest request = f.Request();
  CHECK(request.log_entries.size() == 1);
  CHECK(f.server.Do(request).ok());
  CHECK_FALSE(f.mailbox.Head().rotation_required());
  CHECK_FALSE(f.MemberAt(1, f.other.id).has_value());
  f.mailbox.CheckSound();
}

}  // namespace
}  // namespace labyrinth::mailbox::testing
