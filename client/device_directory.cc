#include "client/device_directory.h"

#include <algorithm>
#include <utility>

#include "client/convert.h"
#include "client/fingerprint.h"
#include "client/page_walk.h"
#include "common/limits.h"

namespace labyrinth::client {
namespace {

// Removed devices stay listed for ever, so the bound is on a mailbox's whole life.
constexpr std::size_t kMaxDevices = 100'000;

constexpr int kFetchAttempts = 3;

crypto::SubjectKind KindOf(v1::DeviceKind kind) {
  if (kind == v1::DEVICE_KIND_PHYSICAL) return crypto::SubjectKind::kPhysical;
  if (kind == v1::DEVICE_KIND_VIRTUAL) return crypto::SubjectKind::kVirtual;
  return crypto::SubjectKind::kNone;
}

absl::StatusOr<DeviceView> Check(const v1::Device& row, const crypto::MembershipState& log,
                                 const crypto::PublicKey& own_key) {
  if (!DeviceId(row.device_id()).valid()) return Violation("device list: a device has an invalid id");
  const auto keys = FromProto(row.keys());
  if (!keys.ok()) return Violation("device list", keys.status());
  const crypto::LogMember* member = log.Find(keys->device_key);
  if (member == nullptr) return Violation("device list: it names a device that the membership log doesn't");
  if (keys->epoch_storage_key != member->epoch_storage_key ||
      keys->epoch_storage_auth_key.value_or(crypto::PublicKey()) != member->epoch_storage_auth_key ||
      keys->kind() != member->kind || KindOf(row.kind()) != member->kind) {
    return Violation("device list: a device's keys or kind differ from the membership log");
  }
  const bool server_active = row.state() == v1::DEVICE_STATE_ACTIVE;
  if (server_active && !member->active()) {
    return Violation("device list: a device is called active although the membership log removed it");
  }
  return DeviceView{.device_id = DeviceId(row.device_id()),
                    .keys = *keys,
                    .this_device = keys->device_key == own_key,
                    .active = member->active(),
                    .cut_off = member->active() && !server_active,
                    .signatures_valid = crypto::VerifyDeviceSignatures(*keys).ok(),
                    .added_ms = member->added_ms,
                    .last_seen_day_ms = row.last_seen_day_ms(),
                    .sponsor = member->sponsor,
                    .sponsor_id = {},
                    .fingerprint = DeviceFingerprint(log.names(), member->device_key, member->epoch_storage_key,
                                                     member->epoch_storage_auth_key)};
}

}  // namespace

absl::StatusOr<DeviceDirectory> DeviceDirectory::Fetch(Api& api, const crypto::MembershipState& log,
                                                       const crypto::PublicKey& own_key) {
  DeviceDirectory directory;
  v1::ListDevicesRequest request;
  request.set_show_revoked(true);
  for (PageWalk walk; !walk.done();) {
    request.set_page_token(walk.token());
    const auto page = api.ListDevices(request);
    if (!page.ok()) return page.status();
    for (const v1::Device& row : page->devices()) {
      auto device = Check(row, log, own_key);
      if (!device.ok()) return device.status();
      directory.devices_.push_back(*std::move(device));
    }
    if (directory.devices_.size() > kMaxDevices) return Violation("device list: it has no end");
    if (absl::Status s = walk.Advance(page->next_page_token(), page->devices_size()); !s.ok()) return s;
  }
  auto& devices = directory.devices_;
  const auto same_key = [](const DeviceView& a, const DeviceView& b) { return a.keys.device_key == b.keys.device_key; };
  std::sort(devices.begin(), devices.end(),
            [](const DeviceView& a, const DeviceView& b) { return a.keys.device_key < b.keys.device_key; });
  if (std::adjacent_find(devices.begin(), devices.end(), same_key) != devices.end()) {
    return Violation("device list: a device's keys occur twice");
  }
  const auto same_id = [](const DeviceView& a, const DeviceView& b) { return a.device_id == b.device_id; };
  std::sort(devices.begin(), devices.end(),
            [](const DeviceView& a, const DeviceView& b) { return a.device_id < b.device_id; });
  if (std::adjacent_find(devices.begin(), devices.end(), same_id) != devices.end()) {
    return Violation("device list: a device id occurs twice");
  }
  for (const crypto::LogMember& member : log.ActiveMembers()) {
    if (directory.Find(member.device_key) == nullptr) return Violation("device list: the server hides a member");
  }
  for (DeviceView& device : devices) {
    // A sponsor that was removed is listed all the same, unless the server leaves it out.
    if (const DeviceView* sponsor = directory.Find(device.sponsor)) device.sponsor_id = sponsor->device_id;
  }
  return directory;
}

const DeviceView* DeviceDirectory::Find(DeviceId id) const {
  const auto it = std::find_if(devices_.begin(), devices_.end(), [&](const auto& d) { return d.device_id == id; });
  return it == devices_.end() ? nullptr : &*it;
}

const DeviceView* DeviceDirectory::Find(const crypto::PublicKey& device_key) const {
  const auto it =
      std::find_if(devices_.begin(), devices_.end(), [&](const auto& d) { return d.keys.device_key == device_key; });
  return it == devices_.end() ? nullptr : &*it;
}

absl::StatusOr<DeviceDirectory> RefreshDirectory(Core& core) {
  if (absl::Status s = core.Refresh(); !s.ok()) return s;
  for (int attempt = 1;; ++attempt) {
    const uint64_t length = core.log().position().length;
    auto directory = DeviceDirectory::Fetch(core.api(), core.log().state(), core.device_key());
    if (directory.ok() || attempt >= kFetchAttempts) return directory;
    if (absl::Status s = core.Refresh(); !s.ok()) return s;
    if (core.log().position().length == length) return directory;
  }
}

}  // namespace labyrinth::client
