#include "client/devices.h"

#include <utility>

#include "client/convert.h"
#include "client/fingerprint.h"
#include "client/log_signer.h"
#include "client/pending.h"
#include "client/wipe.h"
#include "common/errors.h"

namespace labyrinth::client {
namespace {

constexpr int kRevokeAttempts = 5;

}  // namespace

absl::StatusOr<std::vector<DeviceView>> Devices::List(bool show_removed) {
  if (absl::Status s = core_.RequireDevice(); !s.ok()) return s;
  const auto directory = RefreshDirectory(core_);
  if (!directory.ok()) return directory.status();
  std::vector<DeviceView> devices;
  for (const DeviceView& device : directory->devices()) {
    if (device.active || show_removed) devices.push_back(device);
  }
  return devices;
}

absl::StatusOr<std::vector<DeviceView>> Devices::AddedBy(DeviceId device_id) {
  if (absl::Status s = core_.RequireDevice(); !s.ok()) return s;
  const auto directory = RefreshDirectory(core_);
  if (!directory.ok()) return directory.status();
  const DeviceView* sponsor = directory->Find(device_id);
  if (sponsor == nullptr) return errors::DeviceNotFound();
  std::vector<DeviceView> added;
  for (const auto& descendant : core_.log().state().DescendantsOf(sponsor->keys.device_key, core_.device_key())) {
    const DeviceView* device = directory->Find(descendant.device_key);
    if (device != nullptr && device->active) added.push_back(*device);
  }
  return added;
}

absl::StatusOr<std::string> Devices::OwnFingerprint() {
  if (absl::Status s = core_.RequireDevice(); !s.ok()) return s;
  return DeviceFingerprint(core_.names(), core_.enrolment().secrets.public_keys);
}

absl::StatusOr<Devices::LogNumber> Devices::Log() {
  if (absl::Status s = core_.Ready(); !s.ok()) return s;
  const crypto::LogPosition& position = core_.log().position();
  return LogNumber{position.length, LogFingerprint(core_.names(), position)};
}

absl::StatusOr<RevokeReport> Devices::Revoke(DeviceId device_id, const RevokeOptions& options) {
  if (absl::Status s = core_.RequireDevice(); !s.ok()) return s;
  if (device_id == core_.enrolment().device_id) return absl::InvalidArgumentError("a device can't remove itself");
  if (options.rotate) {
    auto rotation = client::Rotate(core_, {.remove = {device_id}, .sponsored = options.sponsored});
    if (!rotation.ok()) return rotation.status();
    return RevokeReport{.rotation = *std::move(rotation)};
  }
  if (absl::Status s = SettleLeftover(core_); !s.ok()) return s;
  absl::Status status;
  for (int attempt = 0; attempt < kRevokeAttempts; ++attempt) {
    status = CutOff(device_id);
    if (ReasonOf(status) != Reason::kLogStale && ReasonOf(status) != Reason::kEpochStale) break;
  }
  if (!status.ok()) return status;
  return RevokeReport{};
}

absl::Status Devices::CutOff(DeviceId device_id) {
  const auto directory = RefreshDirectory(core_);
  if (!directory.ok()) return directory.status();
  const DeviceView* device = directory->Find(device_id);
  if (device == nullptr || !device->active) return errors::DeviceNotFound();

  LogSigner signer(core_.log().state(), core_.enrolment().secrets.device_key, core_.clock(), core_.random());
  const auto entry =
      signer.Sign(crypto::LogEntryKind::kRemove,
                  {.subject = device->keys, .epoch_sequence = signer.log().epoch_sequence(), .hash = {}});
  if (!entry.ok()) return entry.status();
  v1::RevokeDeviceRequest request;
  request.set_request_id(core_.random().Bytes(RequestId::kSize));
  request.set_device_id(device_id.value());
  ToProto(*entry, *request.mutable_log_entry());

  PendingRevokeDevice pending{.request = SerializeSecret(request), .log = signer.log().position()};
  const absl::Status kept = core_.Update([&](KeychainState& state) { state.pending = std::move(pending); });
  if (!kept.ok()) return kept;
  return SettlePending(core_);
}

absl::StatusOr<RotationReport> Devices::Rotate() { return client::Rotate(core_, {}); }

}  // namespace labyrinth::client
