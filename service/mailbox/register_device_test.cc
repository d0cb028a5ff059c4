// A device joins by a recovery code: the code's device signs for it.
#include <catch2/catch.hpp>
#include <functional>
#include <initializer_list>

#include "common/limits.h"
#include "crypto/orf_server/orf_server.h"
#include "service/mailbox/device_operations.h"
#include "service/mailbox/testing/test_mailbox.h"

namespace labyrinth::mailbox::testing {
namespace {

namespace keys = storage::keys;
using crypto::LogEntry;
using crypto::LogEntryKind;

struct Fixture {
  Fixture() : mailbox(server), code(MakeVirtual(server.random())), added(MakePhysical(server.random())) {
    mailbox.Create();
    code = mailbox.AddVirtualDevice(me());
  }
  TestDevice& me() { return mailbox.first(); }
  const std::string& partition() { return mailbox.partition(); }
  RegisterDeviceRequest Request() { return mailbox.RegisterRequest(code, added); }
  // With its entry changed by `spoil`, and signed by the code's device again.
  RegisterDeviceRequest Spoilt(const std::function<void(LogEntry&)>& spoil) {
    RegisterDeviceRequest request = Request();
    LogEntry entry = *crypto::DecodeLogEntry(request.log_entry.entry);
    spoil(entry);
    request.log_entry = mailbox.Sign(entry, code);
    return request;
  }
  // What the mailbox's devices map `input` to, together with the server: the same for all of them.
  std::string Mapped(const TestDevice& device, std::string_view input) {
    const auto record = server.Find<storage_v1::OrfServerRecord>(partition(), keys::OrfServer(device.id)).value();
    const auto state = *crypto::OrfServerState::Parse(crypto::Secret::CopyOf(record.scalar()));
    const auto point = *crypto::Multiply(device.orf_client_scalar, crypto::HashToCurve(input));
    return state.Map("domain", point.view())->str();
  }

  TestServer server;
  TestMailbox mailbox;
  TestDevice code;
  TestDevice added;
};

TEST_CASE("a registered device is a member of the current epoch, with its entry in the log") {
  Fixture f;
  const storage_v1::MailboxHead before = f.mailbox.Head();
  const RegisterDeviceRequest request = f.Request();
  const crypto::MacTag mac = request.epoch_device_mac;
  const crypto::SignedLogEntry entry = request.log_entry;
  auto pending = f.server.Start(f.mailbox.RegisterRequest(f.code, f.added));
  f.server.Settle();
  REQUIRE((*pending)->ok());
  const DeviceId id = (**pending)->device_id;
  CHECK((**pending)->mailbox_id.view() == before.mailbox_id());
  CHECK(f.mailbox.KeysOfDevice(id) == f.added.keys);
  const auto record = f.server.Find<storage_v1::DeviceRecord>(f.partition(), keys::Device(id)).value();
  CHECK(record.kind() == storage_v1::DEVICE_KIND_PHYSICAL);
  CHECK(record.sealed_label() == "label");
  CHECK(record.create_ms() == kTestNowMs);
  const auto member = f.server.Find<storage_v1::MemberRecord>(f.partition(), keys::Member(0, id)).value();
  CHECK(member.epoch_device_mac() == mac.view());
  CHECK(member.encrypted_entropy().empty());  // its sponsor gave it the root key
  CHECK(f.mailbox.Head().log_count() == before.log_count() + 1);
  const auto logged = f.server.Find<storage_v1::LogRecord>(f.partition(), keys::Log(before.log_count())).value();
  CHECK(logged.entry() == entry.entry);
  const uint64_t revision = f.server.PositionOf(f.partition()).revision;
  const auto feed = f.server.Find<storage_v1::FeedRecord>(f.partition(), keys::Feed(revision)).value();
  REQUIRE(feed.changes_size() == 1);
  CHECK(feed.changes(0).kind() == storage_v1::CHANGE_KIND_DEVICE_ADDED);
  CHECK(feed.changes(0).device_id() == id.value());
  CHECK(feed.changes(0).by_device_id() == f.code.id.value());
  f.mailbox.CheckSound();

  f.added.id = id;
  f.mailbox.MustSave(f.added, {MakeMessage("m", "t", 1)});
}

TEST_CASE("every device of a mailbox maps to the same ids, and no token stays behind") {
  Fixture f;
  RegisterDeviceRequest request = f.Request();
  const std::string token(request.evolve_token.RevealSecret());
  f.added.id = f.server.Do(std::move(request))->device_id;
  const TestDevice second_code = f.mailbox.AddVirtualDevice(f.added);
  const TestDevice third = f.mailbox.AddDevice(second_code);
  for (const TestDevice* device : std::initializer_list<const TestDevice*>{&f.code, &f.added, &second_code, &third}) {
    CHECK(f.Mapped(*device, "input") == f.Mapped(f.me(), "input"));
    CHECK(f.Mapped(*device, "other input") != f.Mapped(f.me(), "input"));
  }
  for (const auto& [key, value] : f.server.Rows(f.partition())) {
    CHECK(value.find(token) == std::string::npos);
  }
}

TEST_CASE("a repeated registration gets the first answer, also after a rotation and its own removal") {
  Fixture f;
  RegisterDeviceRequest first = f.Request();
  const RequestKey key = first.request;
  f.added.id = f.server.Do(std::move(first))->device_id;
  f.mailbox.Rotate(f.me(), {f.added.id});
  f.server.Restart();
  const auto before = f.server.Rows(f.partition());
  RegisterDeviceRequest again = f.Request();
  again.request = key;
  CHECK(f.server.Do(std::move(again))->device_id == f.added.id);
  CHECK(f.server.Rows(f.partition()) == before);
  RegisterDeviceRequest other = f.Request();
  other.request = {key.id, crypto::Sha256("else")};
  f.mailbox.MustRefuse(std::move(other), Reason::kRequestIdReused);
}

TEST_CASE("a registration of unknown outcome is one registration") {
  const auto fault = GENERATE(storage::CommitFault::kUnknownApplied, storage::CommitFault::kUnknownLost);
  Fixture f;
  f.server.faults().ScriptCommits({fault});
  CHECK(f.server.Do(f.Request()).ok());
  CHECK(f.mailbox.Roster().active_device_ids_size() == 3);
  f.mailbox.CheckSound();
}

TEST_CASE("who knows no code of this mailbox learns nothing more") {
  Fixture f;
  RegisterDeviceRequest request = f.Request();
  request.sponsor = MakeVirtual(f.server.random()).virtual_device_id;
  f.mailbox.MustRefuse(std::move(request), Reason::kVirtualDeviceNotFound);
  request = f.Request();
  request.partition = f.server.policy().partition_of("nobody");
  CHECK(ReasonIn(f.server.Do(std::move(request))) == Reason::kMailboxNotFound);
}

TEST_CASE("a revoked code sponsors nobody, with or without an entry") {
  const bool with_entry = GENERATE(true, false);
  Fixture f;
  RegisterDeviceRequest request = f.Request();
  with_entry ? f.mailbox.Revoke(f.me(), f.code.id) : f.mailbox.CutOff(f.code.id);
  f.mailbox.MustRefuse(std::move(request), Reason::kVirtualDeviceNotFound);
  f.mailbox.MustRefuse(f.Request(), Reason::kVirtualDeviceNotFound);
}

TEST_CASE("a registration names the current epoch and continues the log") {
  Fixture f;
  RegisterDeviceRequest request = f.Request();
  f.mailbox.Rotate(f.me());
  const auto stale = f.mailbox.MustRefuse(std::move(request), Reason::kEpochStale);
  CHECK(DetailIn(stale, "current_sequence_id") == "1");
  CHECK(DetailIn(stale, "current_epoch_id") == std::to_string(f.mailbox.CurrentEpoch().value()));

  const storage_v1::MailboxHead head = f.mailbox.Head();
  for (const auto& spoil : std::vector<std::function<void(LogEntry&)>>{
           [](LogEntry& e) { e.index += 1; },
           [](LogEntry& e) { e.index -= 1; },
           [](LogEntry& e) { e.previous_head = *crypto::LogHead::From(std::string(32, 'x')); },
       }) {
    const auto log = f.mailbox.MustRefuse(f.Spoilt(spoil), Reason::kLogStale);
    CHECK(DetailIn(log, "current_index") == std::to_string(head.log_count() - 1));
    CHECK(DetailIn(log, "current_head") == ToHex(head.log_head()));
  }
  f.mailbox.MustRefuse(f.Spoilt([](LogEntry& e) { e.epoch_sequence = 0; }), Reason::kInvalidField);
  f.mailbox.MustRefuse(f.Spoilt([](LogEntry& e) { e.epoch_sequence = 2; }), Reason::kInvalidField);
}

TEST_CASE("the entry must be about this device, this request, this account") {
  Fixture f;
  const TestDevice other = MakePhysical(f.server.random());
  for (const auto& spoil : std::vector<std::function<void(LogEntry&)>>{
           [&](LogEntry& e) { e.subject_device_key = other.keys.device_key; },
           [&](LogEntry& e) { e.subject_epoch_storage_key = other.keys.epoch_storage_key; },
           [&](LogEntry& e) { e.subject_epoch_storage_auth_key = *other.keys.epoch_storage_auth_key; },
           [](LogEntry& e) { e.body_hash = crypto::Sha256("else"); },
           [](LogEntry& e) { e.account_id = "account-2"; },
           [](LogEntry& e) { e.server_name = "other.test"; },
           [](LogEntry& e) {
             e.kind = LogEntryKind::kRemove;
             e.body_hash = {};
           },
       }) {
    f.mailbox.MustRefuse(f.Spoilt(spoil), Reason::kInvalidField);
  }
  RegisterDeviceRequest request = f.Request();
  request.keys.sig_31 = other.keys.sig_31;  // which the body covers
  f.mailbox.MustRefuse(std::move(request), Reason::kInvalidField);
}

TEST_CASE("the named code's device must have signed, nobody else") {
  Fixture f;
  const auto signed_by = [&](const TestDevice& actor, const TestDevice& signer) {
    RegisterDeviceRequest request = f.Request();
    LogEntry entry = *crypto::DecodeLogEntry(request.log_entry.entry);
    entry.actor_device_key = actor.keys.device_key;
    request.log_entry = f.mailbox.Sign(entry, signer);
    return request;
  };
  const TestDevice other_code = f.mailbox.AddVirtualDevice(f.me());
  f.mailbox.MustRefuse(signed_by(f.me(), f.me()), Reason::kInvalidField);          // a member, but not the sponsor
  f.mailbox.MustRefuse(signed_by(other_code, other_code), Reason::kInvalidField);  // nor this one
  f.mailbox.MustRefuse(signed_by(f.added, f.added), Reason::kInvalidField);        // itself
  f.mailbox.MustRefuse(signed_by(f.code, f.added), Reason::kInvalidField);         // not signed by whom it says
  RegisterDeviceRequest none = f.Request();
  none.log_entry = {};
  f.mailbox.MustRefuse(std::move(none), Reason::kInvalidField);
  CHECK(f.server.Do(signed_by(f.code, f.code)).ok());
}

TEST_CASE("a device key belongs to one device for ever") {
  Fixture f;
  f.added.id = f.server.Do(f.Request())->device_id;
  f.mailbox.MustRefuse(f.Request(), Reason::kInvalidField);
  f.mailbox.Rotate(f.me(), {f.added.id});
  f.mailbox.MustRefuse(f.Request(), Reason::kInvalidField);

  TestDevice cut_off = f.mailbox.AddDevice(f.code);
  f.mailbox.CutOff(cut_off.id);
  f.mailbox.MustRefuse(f.mailbox.RegisterRequest(f.code, cut_off), Reason::kInvalidField);
}

TEST_CASE("a token that is no canonical non-zero scalar is refused") {
  Fixture f;
  for (const std::string& token : {std::string(32, '\0'), std::string(32, '\xff'), std::string(31, '\x01')}) {
    RegisterDeviceRequest request = f.Request();
    request.evolve_token = crypto::Secret::CopyOf(token);
    CHECK(DetailIn(f.mailbox.MustRefuse(std::move(request), Reason::kInvalidField), "field") == "evolve_token");
  }
}

TEST_CASE("a mailbox has 32 active devices at most, virtual ones included") {
  Fixture f;
  std::vector<TestDevice> devices;
  while (f.mailbox.Roster().active_device_ids_size() < static_cast<int>(limits::kDevices)) {
    devices.push_back(f.mailbox.AddDevice(f.code));
  }
  const auto refused = f.mailbox.MustRefuse(f.Request(), Reason::kLimitExceeded);
  CHECK(DetailIn(refused, "limit") == "devices");
  CHECK(DetailIn(refused, "value") == "32");
  TestDevice another_code = MakeVirtual(f.server.random());
  f.mailbox.MustRefuse(f.mailbox.VirtualDeviceRequest(f.me(), another_code), Reason::kLimitExceeded);
  f.mailbox.Revoke(f.me(), devices.back().id);
  CHECK(f.server.Do(f.Request()).ok());
  f.mailbox.CheckSound();
}

TEST_CASE("losing the last device isn't final: the code still brings one in, which then rotates") {
  Fixture f;
  f.mailbox.CutOff(f.me().id);
  CHECK(f.mailbox.Head().rotation_required());
  const TestDevice found = f.mailbox.AddDevice(f.code);
  CHECK(f.mailbox.Head().rotation_required());
  f.mailbox.MustRefuse(f.mailbox.Save(found, {MakeMessage("m", "t", 1)}), Reason::kRotationRequired);
  f.mailbox.Rotate(found);
  f.mailbox.MustSave(found, {MakeMessage("m", "t", 1)});
  f.mailbox.CheckSound();
}

TEST_CASE("a sponsor without its ORF scalar is damage") {
  Fixture f;
  const bool absent = GENERATE(true, false);
  f.server.Overwrite(f.partition(), {{keys::OrfServer(f.code.id), absent ? std::nullopt : std::optional("\x0a\x01x")}});
  f.mailbox.MustRefuse(f.Request(), Reason::kDataDamaged);
}

}  // namespace
}  // namespace labyrinth::mailbox::testing
