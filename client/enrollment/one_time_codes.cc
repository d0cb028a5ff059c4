#include "client/enrollment/one_time_codes.h"

#include <utility>

#include "client/convert.h"
#include "client/enrollment/member.h"
#include "client/enrollment/new_device.h"
#include "client/own_epoch.h"
#include "client/pending.h"
#include "client/rotation.h"

namespace labyrinth::client {

absl::StatusOr<OneTimeJoinReport> OneTimeCodes::Join(JoinPrompts& prompts) {
  if (core_.HasDevice()) return absl::FailedPreconditionError("this profile is a device of a mailbox already");
  if (absl::Status s = SettleLeftover(core_); !s.ok()) return s;
  if (!core_.HasDevice()) {
    if (absl::Status s = EnrolByCode(core_, prompts); !s.ok()) return s;
  }
  // From here on this profile is a device: what fails below is repeated by whatever it does next.
  if (absl::Status s = core_.Refresh(); !s.ok()) return s;
  if (absl::Status s = core_.ReachFirstEpoch(); !s.ok()) return s;
  const auto directory = RefreshDirectory(core_);
  if (!directory.ok()) return directory.status();

  OneTimeJoinReport report;
  report.device_id = core_.enrolment().device_id;
  for (const DeviceView& device : directory->devices()) {
    if (device.active) report.members.push_back(device);
  }
  const DeviceView* self = directory->Find(core_.device_key());
  if (self != nullptr) report.sponsor = self->sponsor_id;
  return report;
}

absl::StatusOr<ApproveReport> OneTimeCodes::Approve(ApprovePrompts& prompts) {
  if (absl::Status s = core_.RequireDevice(); !s.ok()) return s;
  if (absl::Status s = SettleLeftover(core_); !s.ok()) return s;
  if (absl::Status s = core_.Refresh(); !s.ok()) return s;
  // Nothing is handed out under an epoch that a truncated chain may have ended in.
  if (!RequireOwnEpoch(core_.enrolment()).ok()) {
    if (const auto rotation = Rotate(core_, {}); !rotation.ok()) return rotation.status();
  }
  auto approved = ApproveNext(core_, prompts);
  if (!approved.ok()) return approved.status();

  ApproveReport report{.request = std::move(approved->request), .device = std::nullopt};
  if (!approved->device_key.has_value()) return report;
  const auto directory = RefreshDirectory(core_);
  if (!directory.ok()) return directory.status();
  const DeviceView* device = directory->Find(*approved->device_key);
  if (device == nullptr) return Violation("device list: the device that has just joined is missing");
  report.device = *device;
  return report;
}

}  // namespace labyrinth::client
