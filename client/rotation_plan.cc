#include "client/rotation_plan.h"

#include <set>
#include <utility>

#include "client/convert.h"
#include "client/epoch_verify.h"
#include "common/errors.h"

namespace labyrinth::client {
namespace {

using Removed = std::map<crypto::PublicKey, RemovalCause>;
using Keys = std::set<crypto::PublicKey>;

absl::StatusOr<Removed> Requested(const DeviceDirectory& directory, const crypto::PublicKey& opener,
                                  const RotationRequest& request, bool allow_gone) {
  Removed removed;
  for (const DeviceId id : request.remove) {
    const DeviceView* device = directory.Find(id);
    if (device == nullptr || !device->active) {
      if (allow_gone) continue;
      return errors::DeviceNotFound();
    }
    if (device->keys.device_key == opener) return absl::InvalidArgumentError("a device can't remove itself");
    removed.emplace(device->keys.device_key, RemovalCause::kRequested);
  }
  for (const DeviceView& device : directory.devices()) {
    const bool back = device.active && request.removed_before.contains(device.keys.device_key);
    if (back) removed.emplace(device.keys.device_key, RemovalCause::kRemovedBefore);
  }
  return removed;
}

// Every member was checked in `epoch` before it is trusted with the next one.
void AddUnfit(const DeviceDirectory& directory, const crypto::Epoch& epoch, const v1::Epoch& record, Removed& removed) {
  for (const DeviceView& device : directory.devices()) {
    if (!device.active) continue;
    const crypto::PublicKey& key = device.keys.device_key;
    if (device.cut_off) {
      removed.emplace(key, RemovalCause::kCutOff);
    } else if (!device.signatures_valid) {
      removed.emplace(key, RemovalCause::kWrongSignature);
    } else if (!CheckMemberMac(epoch, record, device.device_id, key).ok()) {
      removed.emplace(key, RemovalCause::kWrongMac);
    }
  }
}

// Who goes now, and who was removed in this epoch by a call that opened none: of them all, what they added is decided
// here.
Keys Gone(const Removed& removed, const VerifiedLog& log, const crypto::Epoch& epoch) {
  Keys gone;
  for (const auto& [key, cause] : removed) gone.insert(key);
  const VerifiedLog::Opening* opening = log.FindOpening(epoch.sequence_id);
  for (const crypto::PublicKey& key : log.device_keys()) {
    const crypto::LogMember* member = log.state().Find(key);
    if (opening != nullptr && member->removed_index > opening->commitment.log_index) gone.insert(key);
  }
  return gone;
}

Keys SponsoredBy(const Keys& gone, const crypto::MembershipState& log, const crypto::PublicKey& opener,
                 bool direct_only) {
  Keys sponsored;
  for (const crypto::PublicKey& key : gone) {
    for (const auto& descendant : log.DescendantsOf(key, opener)) {
      if (descendant.direct || !direct_only) sponsored.insert(descendant.device_key);
    }
  }
  return sponsored;
}

void AddSponsored(const Keys& gone, const crypto::MembershipState& log, const crypto::PublicKey& opener,
                  SponsoredPolicy policy, Removed& removed) {
  if (policy == SponsoredPolicy::kKeep) return;
  const bool direct_only = policy == SponsoredPolicy::kDropDirect;
  for (const crypto::PublicKey& key : SponsoredBy(gone, log, opener, direct_only)) {
    removed.emplace(key, RemovalCause::kSponsored);
  }
}

std::vector<DeviceId> CodesUsedByRemoved(const DeviceDirectory& directory, const Keys& gone) {
  std::set<DeviceId> codes;
  for (const crypto::PublicKey& key : gone) {
    const DeviceView* device = directory.Find(key);
    const DeviceView* sponsor = device == nullptr ? nullptr : directory.Find(device->sponsor);
    if (sponsor == nullptr || !sponsor->is_virtual() || !sponsor->active) continue;
    if (!gone.contains(sponsor->keys.device_key)) codes.insert(sponsor->device_id);
  }
  return {codes.begin(), codes.end()};
}

}  // namespace

absl::StatusOr<RotationPlan> PlanRotation(const DeviceDirectory& directory, const VerifiedLog& log,
                                          const crypto::Epoch& epoch, const v1::Epoch& record,
                                          const crypto::PublicKey& opener, const RotationRequest& request,
                                          bool allow_gone) {
  auto removed = Requested(directory, opener, request, allow_gone);
  if (!removed.ok()) return removed.status();
  AddUnfit(directory, epoch, record, *removed);
  if (removed->contains(opener)) return Violation("rotation: the server's record of this device itself doesn't verify");
  AddSponsored(Gone(*removed, log, epoch), log.state(), opener, request.sponsored, *removed);

  RotationPlan plan;
  plan.removed = *std::move(removed);
  const Keys gone = Gone(plan.removed, log, epoch);
  const Keys sponsored = SponsoredBy(gone, log.state(), opener, /*direct_only=*/false);
  for (const DeviceView& device : directory.devices()) {
    const crypto::PublicKey& key = device.keys.device_key;
    if (!device.active || plan.removed.contains(key)) continue;
    const auto mac = crypto::MacTag::From(FindMember(record, device.device_id)->epoch_device_mac());
    plan.members.push_back(&device);
    plan.candidates.push_back({.keys = device.keys, .previous_mac = *mac});
    if (sponsored.contains(key)) plan.kept_sponsored.push_back(device.device_id);
  }
  plan.codes_known_to_removed = CodesUsedByRemoved(directory, gone);
  return plan;
}

}  // namespace labyrinth::client
