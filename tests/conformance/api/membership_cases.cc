// Devices, epochs and the log; and calls that are repeated.
#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>

#include "common/bytes.h"
#include "common/limits.h"
#include "tests/conformance/api/scene.h"

namespace labyrinth::conformance {
namespace {

constexpr auto kVirtual = crypto::SubjectKind::kVirtual;

std::string CodeOf(const Scene& f) { return f.api.random().Bytes(16); }

// A repeat gets the first answer and changes nothing; another request by the same id is refused.
template <typename Method, typename Request, typename Spoil>
auto MustCallOnce(const Scene& f, const ApiCaller& caller, Method method, const Request& request, Spoil spoil) {
  const auto first = caller.Must(method, request);
  const auto after = f.Mailbox();
  const auto second = caller.Must(method, request);
  CHECK(second.SerializeAsString() == first.SerializeAsString());
  Request other = request;
  spoil(other);
  CHECK(caller.Ask(method, other).reason() == Reason::kRequestIdReused);
  CHECK(f.Mailbox().head().revision() == after.head().revision());
  CHECK(f.Mailbox().log_index() == after.log_index());
  return first;
}

TEST_CASE("a request id makes a call that is repeated one call, and is good for that call alone") {
  Scene f;
  // CreateMailbox's own is spent by the fixture: on a fresh account.
  const auto account = FreshAccount();
  const auto first = f.NewDevice(account);
  const ApiCaller holder(f.api.Channel(), f.api.Token(account), "");
  auto create = first->CreateRequest();
  const auto created = holder.Must(&Mailboxes::CreateMailbox, create);
  CHECK(holder.Must(&Mailboxes::CreateMailbox, create).SerializeAsString() == created.SerializeAsString());
  create.set_sealed_label("another");
  CHECK(holder.Ask(&Mailboxes::CreateMailbox, create).reason() == Reason::kRequestIdReused);
  CHECK(holder.Ask(&Mailboxes::CreateMailbox, first->CreateRequest()).reason() == Reason::kMailboxExists);

  const std::string code = CodeOf(f);
  const auto recovery = f.NewDevice(kVirtual);
  const auto vdevice = MustCallOnce(f, f.Me(), &Devices::CreateVirtualDevice, f.VirtualDevice(code, *recovery, *f.old),
                                    [](auto& r) { r.set_evolve_token(std::string(32, '\1')); });
  recovery->device_id = DeviceId(vdevice.device_id());
  const auto added = f.NewDevice();
  const auto registered =
      MustCallOnce(f, f.Account(), &Devices::RegisterDevice, f.RegistrationByCode(code, *added, *recovery),
                   [](auto& r) { r.set_sealed_label("another"); });
  f.Became(*added, registered);
  MustCallOnce(f, f.Me(), &Devices::RevokeDevice, f.Removal(*added, *f.old),
               [&](auto& r) { r.set_device_id(recovery->device_id.value()); });
  const auto rotation = f.Rotation(*f.old, {f.old.get(), recovery.get()});
  const auto opened = MustCallOnce(f, f.Me(), &Epochs::OpenEpoch, rotation, [](auto& r) { r.set_commitment("other"); });
  CHECK(opened.epoch_id() == f.Mailbox().current_epoch_id());
  // Of one call it is no id of another: the method is part of what is hashed.
  auto cut_off = f.CuttingOff(*recovery);
  cut_off.set_request_id(rotation.request_id());
  CHECK(f.Account().Ask(&Devices::RevokeDevice, cut_off).reason() == Reason::kRequestIdReused);

  for (const std::string& bad : {std::string(), std::string(15, 'x'), std::string(17, 'x')}) {
    cut_off.set_request_id(bad);
    CHECK(f.Account().Ask(&Devices::RevokeDevice, cut_off).field() == "request_id");
    auto deletion = f.Deletion(*f.old);
    deletion.set_request_id(bad);
    CHECK(f.Me().Ask(&Mailboxes::DeleteMailbox, deletion).field() == "request_id");
  }
}

TEST_CASE("an epoch opens on the current one, for exactly the devices that stay, on the log as it is") {
  Scene f;
  const auto member = f.AddMember();
  const auto ask = [&](const v1::OpenEpochRequest& request) { return f.Me().Ask(&Epochs::OpenEpoch, request); };
  const auto good = f.Rotation(*f.old, {f.old.get(), member.get()});
  auto bad = good;
  bad.set_expected_epoch_id(good.expected_epoch_id() ^ 1);
  const auto stale = ask(bad);
  CHECK(stale.reason() == Reason::kEpochStale);
  CHECK(stale.detail("current_epoch_id") == std::to_string(f.old->epoch_id.value()));
  CHECK(stale.detail("current_sequence_id") == "0");
  for (const uint32_t sequence_id : {0u, 2u, ~0u}) {
    bad = good;
    bad.set_sequence_id(sequence_id);
    CHECK(ask(bad).field() == "sequence_id");
  }
  const auto missing = ask(f.Rotation(*f.old, {f.old.get()}));
  CHECK(missing.reason() == Reason::kMembersMismatch);
  CHECK(missing.detail("missing_device_ids") == std::to_string(member->device_id.value()));
  CHECK(missing.detail("extra_device_ids").empty());
  const auto extra = ask(f.Rotation(*f.old, {f.old.get(), member.get()}, {member.get()}));
  CHECK(extra.reason() == Reason::kMembersMismatch);
  CHECK(extra.detail("extra_device_ids") == std::to_string(member->device_id.value()));
  CHECK(ask(f.Rotation(*f.old, {member.get()}, {f.old.get()})).field() == "revoke_device_ids");
  const auto stranger = f.NewDevice();
  stranger->device_id = DeviceId(1);
  CHECK(ask(f.Rotation(*f.old, {f.old.get(), member.get()}, {stranger.get()})).reason() == Reason::kDeviceNotFound);
  bad = good;
  bad.set_opener_previous_mac(std::string(32, 'x'));
  CHECK(ask(bad).field() == "opener_previous_mac");
  bad = good;
  bad.mutable_members(0)->clear_encrypted_entropy();
  CHECK(ask(bad).field() == "members[0].encrypted_entropy");
  bad = good;
  bad.clear_log_entries();
  CHECK(ask(bad).field() == "log_entries");
  bad = f.Rotation(*member, {f.old.get(), member.get()});  // signed by another than the caller
  bad.set_opener_previous_mac(good.opener_previous_mac());
  CHECK(ask(bad).reason() == Reason::kInvalidField);
  CHECK(f.Mailbox().current_sequence_id() == 0);

  // A loser of a race: its entries stand on a log that has moved.
  const auto theirs = f.Rotation(*member, {f.old.get(), member.get()});
  f.MustRotate({f.old.get(), member.get()});
  CHECK(f.As(*member).Ask(&Epochs::OpenEpoch, theirs).reason() == Reason::kEpochStale);
  auto late = f.Removal(*member, *f.old);
  const LogPosition before = f.Log();
  f.MustRotate({f.old.get(), member.get()});
  const auto log_stale = f.Me().Ask(&Devices::RevokeDevice, late);
  CHECK(log_stale.reason() == Reason::kLogStale);
  CHECK(log_stale.detail("current_index") == std::to_string(before.next_index));
  CHECK(log_stale.detail("current_head") == ToHex(f.Log().head.view()));
}

TEST_CASE("epochs are listed both ways, and an entropy to its recipient alone") {
  Scene f;
  const auto member = f.AddMember();
  const std::vector<const ApiDevice*> all = {f.old.get(), member.get()};
  for (int i = 0; i < 5; ++i) f.MustRotate(all);
  const auto walk = [&](v1::ListEpochsRequest request, int page_size) {
    std::vector<v1::Epoch> epochs;
    request.set_page_size(page_size);
    do {
      const auto page = f.Me().Must(&Epochs::ListEpochs, request);
      epochs.insert(epochs.end(), page.epochs().begin(), page.epochs().end());
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
    return epochs;
  };
  v1::ListEpochsRequest forward, backward;
  forward.set_after_sequence_id(1);
  backward.set_before_sequence_id(4);
  for (const int size : {1, 3, 500}) {
    const auto up = walk(forward, size), down = walk(backward, size), whole = walk({}, size);
    REQUIRE(up.size() == 4);
    REQUIRE(down.size() == 4);
    REQUIRE(whole.size() == 6);
    for (uint32_t i = 0; i < 4; ++i) CHECK(up[i].sequence_id() == 2 + i);
    for (uint32_t i = 0; i < 4; ++i) CHECK(down[i].sequence_id() == 3 - i);
    for (uint32_t i = 0; i < 6; ++i) CHECK(whole[i].sequence_id() == i);
    CHECK(down[0].members().empty());
    REQUIRE(up[3].members_size() == 2);
    CHECK(up[3].epoch_id() == f.old->epoch_id.value());
    CHECK(up[3].commitment() == "commitment 5");
    CHECK(up[3].opener().keys().device_key() == f.old->keys().device_key.view());
    for (const v1::Member& one : up[3].members()) {
      CHECK(one.encrypted_entropy().empty() == (one.device_id() != f.old->device_id.value()));
    }
  }
  forward.set_recipient_device_id(member->device_id.value());
  for (const v1::Member& one : walk(forward, 500)[0].members()) {
    CHECK(one.encrypted_entropy().empty() == (one.device_id() != member->device_id.value()));
  }
  forward.set_after_sequence_id(~0u);
  CHECK(f.Me().Ask(&Epochs::ListEpochs, forward).field() == "after_sequence_id");
}

TEST_CASE("a recovery code's device is found by its code alone, sponsors, and is gone with its removal") {
  Scene f;
  const std::string code = CodeOf(f);
  const auto recovery = f.AddVirtualDevice(code);
  v1::GetVirtualDeviceRequest by_code;
  by_code.set_virtual_device_id(code);
  const auto found = f.Account().Must(&Devices::GetVirtualDevice, by_code);
  CHECK(found.device_id() == recovery->device_id.value());
  CHECK(found.mailbox_id() == f.old->mailbox_id.view());
  CHECK(found.epoch_id() == f.old->epoch_id.value());
  CHECK(found.keys().device_key() == recovery->keys().device_key.view());
  CHECK(found.secrets().epoch_root_key() == "sealed 5");
  REQUIRE(f.Account().Must(&Devices::ListVirtualDeviceChecks).checks_size() == 1);
  CHECK(f.Account().Must(&Devices::ListVirtualDeviceChecks).checks(0).size() == 8);
  auto taken = f.VirtualDevice(code, *f.NewDevice(kVirtual), *f.old);
  CHECK(f.Me().Ask(&Devices::CreateVirtualDevice, taken).field() == "virtual_device_id");

  // Nobody is left, and yet not all is lost: joining is allowed while a rotation is due, and nothing else is.
  f.CutOff(*f.old);
  auto added = f.NewDevice();
  auto request = f.Registration("", *added, *recovery, recovery->Log(recovery->SignIn()));
  request.set_virtual_device_id(code);
  auto unknown = request;
  unknown.set_virtual_device_id(CodeOf(f));
  CHECK(f.Account().Ask(&Devices::RegisterDevice, unknown).reason() == Reason::kVirtualDeviceNotFound);
  auto stale = request;
  stale.set_epoch_id(request.epoch_id() ^ 1);
  CHECK(f.Account().Ask(&Devices::RegisterDevice, stale).reason() == Reason::kEpochStale);
  f.Became(*added, f.Account().Must(&Devices::RegisterDevice, request));
  f.session = added->SignIn();
  std::swap(f.old, added);
  CHECK(f.Mailbox().state() == v1::MAILBOX_STATE_ROTATION_REQUIRED);
  CHECK(
      f.Me().Ask(&Devices::CreateVirtualDevice, f.VirtualDevice(CodeOf(f), *f.NewDevice(kVirtual), *f.old)).reason() ==
      Reason::kRotationRequired);
  f.MustRotate({f.old.get(), recovery.get()}, {}, {added.get()});
  CHECK(f.Mailbox().state() == v1::MAILBOX_STATE_ACTIVE);

  f.Me().Must(&Devices::RevokeDevice, f.Removal(*recovery, *f.old));
  CHECK(f.Account().Ask(&Devices::GetVirtualDevice, by_code).reason() == Reason::kVirtualDeviceNotFound);
  CHECK(f.Account().Must(&Devices::ListVirtualDeviceChecks).checks().empty());
  CHECK(f.Account().Ask(&Devices::RegisterDevice, f.RegistrationByCode(code, *f.NewDevice(), *recovery)).reason() ==
        Reason::kVirtualDeviceNotFound);
}

TEST_CASE("devices are listed by id, removed ones on demand and with their keys, in pages of any size") {
  Scene f;
  std::vector<std::unique_ptr<ApiDevice>> codes;
  for (int i = 0; i < 4; ++i) codes.push_back(f.AddVirtualDevice(CodeOf(f)));
  f.Me().Must(&Devices::RevokeDevice, f.Removal(*codes[1], *f.old));
  const auto walk = [&](bool show_revoked, int page_size) {
    std::vector<v1::Device> devices;
    v1::ListDevicesRequest request;
    request.set_show_revoked(show_revoked);
    request.set_page_size(page_size);
    do {
      const auto page = f.Me().Must(&Devices::ListDevices, request);
      devices.insert(devices.end(), page.devices().begin(), page.devices().end());
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
    return devices;
  };
  for (const int size : {1, 2, 500}) {
    const auto all = walk(true, size), active = walk(false, size);
    CHECK(all.size() == 5);
    CHECK(active.size() == 4);
    CHECK(std::is_sorted(all.begin(), all.end(),
                         [](const auto& a, const auto& b) { return a.device_id() < b.device_id(); }));
    for (const v1::Device& device : active) CHECK(device.state() == v1::DEVICE_STATE_ACTIVE);
    for (const v1::Device& device : all) {
      const bool removed = device.device_id() == codes[1]->device_id.value();
      CHECK((device.state() == v1::DEVICE_STATE_REVOKED) == removed);
      if (removed) CHECK(device.keys().device_key() == codes[1]->keys().device_key.view());
      const bool mine = device.device_id() == f.old->device_id.value();
      CHECK((device.kind() == v1::DEVICE_KIND_PHYSICAL) == mine);
      CHECK(device.last_seen_day_ms() % (24 * 3600 * 1000) == 0);
    }
  }
  v1::ListDevicesRequest request;
  request.set_page_size(1);
  request.set_page_token(f.Me().Must(&Devices::ListDevices, request).next_page_token());
  request.set_show_revoked(true);
  CHECK(f.Me().Ask(&Devices::ListDevices, request).reason() == Reason::kPageTokenInvalid);
  v1::RevokeDeviceRequest nobody = f.CuttingOff(*f.old);
  nobody.set_device_id(1);
  CHECK(f.Account().Ask(&Devices::RevokeDevice, nobody).reason() == Reason::kDeviceNotFound);
  nobody.set_device_id(0);
  CHECK(f.Account().Ask(&Devices::RevokeDevice, nobody).field() == "device_id");
}

TEST_CASE("a mailbox has so many devices, and no more") {
  Scene f;
  for (uint32_t count = 1; count < limits::kDevices; ++count) f.AddVirtualDevice(CodeOf(f));
  const auto answer =
      f.Me().Ask(&Devices::CreateVirtualDevice, f.VirtualDevice(CodeOf(f), *f.NewDevice(kVirtual), *f.old));
  CHECK(answer.reason() == Reason::kLimitExceeded);
  CHECK(answer.detail("limit") == "devices");
  CHECK(answer.detail("value") == std::to_string(limits::kDevices));
}

TEST_CASE("the log is read from anywhere in pages of any size, and says where it stands") {
  Scene f;
  std::vector<v1::LogEntry> entries;
  for (int i = 0; i < 6; ++i) f.AddVirtualDevice(CodeOf(f));
  const LogPosition end = f.Log();
  const auto walk = [&](std::optional<uint64_t> after, int page_size) {
    std::vector<std::string> log;
    v1::ListLogRequest request;
    if (after.has_value()) request.set_after_index(*after);
    request.set_page_size(page_size);
    do {
      const auto page = f.Me().Must(&Mailboxes::ListLog, request);
      for (const v1::LogEntry& entry : page.log_entries()) log.push_back(entry.SerializeAsString());
      CHECK(page.head_index() + 1 == end.next_index);
      CHECK(page.head() == end.head.view());
      request.set_page_token(page.next_page_token());
    } while (!request.page_token().empty());
    return log;
  };
  const auto all = walk(std::nullopt, 500);
  REQUIRE(all.size() == 7);
  for (const int size : {1, 3}) CHECK(walk(std::nullopt, size) == all);
  CHECK(walk(2, 2) == std::vector<std::string>(all.begin() + 3, all.end()));
  CHECK(walk(6, 2).empty());
  CHECK(walk(std::numeric_limits<uint64_t>::max() - 1, 2).empty());
  v1::ListLogRequest request;
  request.set_after_index(std::numeric_limits<uint64_t>::max());
  CHECK(f.Me().Ask(&Mailboxes::ListLog, request).field() == "after_index");
}

}  // namespace
}  // namespace labyrinth::conformance
