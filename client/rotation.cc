#include "client/rotation.h"

#include <utility>

#include "client/convert.h"
#include "client/epoch_walk.h"
#include "client/log_signer.h"
#include "client/pending.h"
#include "client/rotation_plan.h"
#include "client/wipe.h"
#include "common/errors.h"
#include "crypto/labyrinth/epoch_open.h"
#include "crypto/statements/commitment.h"
#include "crypto/statements/log_body.h"

namespace labyrinth::client {
namespace {

bool LostRace(const absl::Status& status) {
  const auto reason = ReasonOf(status);
  return reason == Reason::kEpochStale || reason == Reason::kLogStale || reason == Reason::kMembersMismatch;
}

// A signed removal for everyone who goes, then the open entry. The removals stand in the old epoch.
absl::Status SignEntries(const RotationPlan& plan, const DeviceDirectory& directory, const crypto::OpenedEpoch& opened,
                         LogSigner& signer, v1::OpenEpochRequest& request) {
  for (const auto& [key, cause] : plan.removed) {
    const DeviceView& device = *directory.Find(key);
    const auto entry =
        signer.Sign(crypto::LogEntryKind::kRemove,
                    {.subject = device.keys, .epoch_sequence = signer.log().epoch_sequence(), .hash = {}});
    if (!entry.ok()) return entry.status();
    ToProto(*entry, *request.add_log_entries());
    if (!device.cut_off) request.add_revoke_device_ids(device.device_id.value());
  }
  const auto body =
      crypto::OpenEpochBodyHash(opened.encrypted_previous_sequence, opened.encrypted_previous_root_key, opened.members);
  if (!body.ok()) return body.status();
  const auto entry = signer.Sign(
      crypto::LogEntryKind::kOpenEpoch,
      {.subject = std::nullopt, .epoch_sequence = static_cast<uint32_t>(opened.sequence_id), .hash = *body});
  if (!entry.ok()) return entry.status();
  ToProto(*entry, *request.add_log_entries());
  return absl::OkStatus();
}

absl::StatusOr<PendingOpenEpoch> Prepare(Core& core, const RotationPlan& plan, const DeviceDirectory& directory) {
  const crypto::Epoch& current = core.enrolment().epochs.newest();
  auto opened = crypto::OpenEpoch(current, core.enrolment().secrets, plan.candidates, core.random());
  if (!opened.ok()) return opened.status();
  // The plan made the same checks: a difference is a bug, and must not become a silent removal.
  if (!opened->refused.empty()) return absl::InternalError("rotation: a member that was checked was refused");

  v1::OpenEpochRequest request;
  request.set_request_id(core.random().Bytes(RequestId::kSize));
  request.set_expected_epoch_id(current.id.value());
  request.set_sequence_id(static_cast<uint32_t>(opened->sequence_id));
  request.set_enc_prev_sequence(opened->encrypted_previous_sequence);
  request.set_enc_prev_root(opened->encrypted_previous_root_key);
  for (const crypto::EpochMemberBody& body : opened->members) {
    auto& member = *request.add_members();
    member.set_device_id(directory.Find(body.device_key)->device_id.value());
    member.set_epoch_device_mac(body.epoch_device_mac.str());
    member.set_encrypted_entropy(body.encrypted_entropy);
  }
  request.set_opener_previous_mac(crypto::EpochDeviceMac(current, core.device_key()).str());
  LogSigner signer(core.log().state(), core.enrolment().secrets.device_key, core.clock(), core.random());
  if (absl::Status s = SignEntries(plan, directory, *opened, signer, request); !s.ok()) return s;
  request.set_commitment(crypto::BuildCommitment(signer.log(), opened->root_key, opened->sequence_id));

  return PendingOpenEpoch{.request = SerializeSecret(request),
                          .sequence_id = static_cast<uint32_t>(opened->sequence_id),
                          .root_key = std::move(opened->root_key),
                          .log = signer.log().position()};
}

RotationReport Report(const Core& core, const RotationPlan& plan, const DeviceDirectory& directory) {
  const crypto::Epoch& epoch = core.enrolment().epochs.newest();
  RotationReport report;
  report.epoch_id = epoch.id;
  report.epoch_sequence = static_cast<uint32_t>(epoch.sequence_id);
  for (const DeviceView* member : plan.members) report.members.push_back(member->device_id);
  for (const auto& [key, cause] : plan.removed) {
    report.removed.push_back({.device_id = directory.Find(key)->device_id, .device_key = key, .cause = cause});
  }
  report.kept_sponsored = plan.kept_sponsored;
  report.codes_known_to_removed = plan.codes_known_to_removed;
  return report;
}

absl::StatusOr<RotationReport> Attempt(Core& core, RotationRequest request, bool allow_gone) {
  const auto directory = RefreshDirectory(core);
  if (!directory.ok()) return directory.status();
  const crypto::Epoch& current = core.enrolment().epochs.newest();
  const auto record = FetchRecord(core.api(), core.log(), current);
  if (!record.ok()) return record.status();
  request.removed_before = core.enrolment().removed_keys;
  const auto plan = PlanRotation(*directory, core.log(), current, *record, core.device_key(), request, allow_gone);
  if (!plan.ok()) return plan.status();
  auto pending = Prepare(core, *plan, *directory);
  if (!pending.ok()) return pending.status();
  const absl::Status kept = core.Update([&](KeychainState& state) { state.pending = *std::move(pending); });
  if (!kept.ok()) return kept;
  if (absl::Status s = SettlePending(core); !s.ok()) return s;
  return Report(core, *plan, *directory);
}

RotationDue Due(Core& core) {
  const Enrolment& enrolment = core.enrolment();
  const int64_t now_ms = core.clock().NowMs();
  const VerifiedLog::Opening* opening = core.log().FindOpening(enrolment.epochs.newest().sequence_id);
  return DecideRotation(core.rotation_policy(), {.now_ms = now_ms,
                                                 .opened_ms = opening == nullptr ? now_ms : opening->time_ms,
                                                 .last_write_ms = enrolment.last_write_ms});
}

}  // namespace

absl::StatusOr<std::optional<RotationReport>> RotateIfDue(Core& core) {
  if (Due(core) == RotationDue::kNo) return std::nullopt;
  if (absl::Status s = core.Refresh(); !s.ok()) return s;
  if (Due(core) == RotationDue::kNo) return std::nullopt;
  auto report = Rotate(core, {});
  if (!report.ok()) return report.status();
  return *std::move(report);
}

absl::StatusOr<RotationReport> Rotate(Core& core, const RotationRequest& request) {
  if (absl::Status s = core.RequireDevice(); !s.ok()) return s;
  if (absl::Status s = SettleLeftover(core); !s.ok()) return s;
  for (int attempt = 1;; ++attempt) {
    // After a lost race, a device that another member removed meanwhile needn't be removed again.
    auto report = Attempt(core, request, /*allow_gone=*/attempt > 1);
    if (report.ok() || !LostRace(report.status()) || attempt >= kRotationAttempts) return report;
  }
}

}  // namespace labyrinth::client
