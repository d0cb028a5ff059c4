#include "client/verify_epochs.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <string>

#include "client/convert.h"
#include "client/epoch_verify.h"
#include "client/epoch_walk.h"
#include "crypto/labyrinth/epoch_chain.h"
#include "crypto/primitives/hash.h"

namespace labyrinth::client {
namespace {

// What the backward listing must repeat of a record.
crypto::Sha256Digest DigestOf(v1::Epoch record) {
  record.clear_members();
  return crypto::Sha256(record.SerializeAsString());
}

absl::Status CheckMembers(const crypto::Epoch& epoch, const v1::Epoch& record, const VerifiedLog& log) {
  std::map<std::string, bool> listed;  // by MAC
  for (const crypto::PublicKey& key : log.device_keys()) listed[crypto::EpochDeviceMac(epoch, key).str()] = false;
  std::set<uint64_t> ids;
  for (const v1::Member& member : record.members()) {
    const auto it = listed.find(member.epoch_device_mac());
    if (it == listed.end()) {
      return Violation(
          fmt::format("epoch {}: a member's MAC is that of no device in the membership log", epoch.sequence_id));
    }
    if (it->second || !ids.insert(member.device_id()).second) {
      return Violation(fmt::format("epoch {}: a member is listed twice", epoch.sequence_id));
    }
    it->second = true;
  }
  if (epoch.sequence_id != log.state().epoch_sequence()) return absl::OkStatus();
  for (const crypto::LogMember& member : log.state().ActiveMembers()) {
    if (!listed[crypto::EpochDeviceMac(epoch, member.device_key).str()]) {
      return Violation(fmt::format("epoch {}: a member of the log is missing", epoch.sequence_id));
    }
  }
  return absl::OkStatus();
}

// The link from `previous` as this device knows both ends.
absl::Status CheckLink(const crypto::Epoch& previous, const crypto::Epoch& epoch, const v1::Epoch& record) {
  const auto back = crypto::DecryptBackward(epoch, previous.id, record.enc_prev_sequence(), record.enc_prev_root());
  if (!back.ok()) return Violation(fmt::format("epoch {}: previous secrets", epoch.sequence_id), back.status());
  if (!crypto::ConstantTimeEquals(back->root_key.RevealSecret(), previous.root_key.RevealSecret())) {
    return Violation(fmt::format("epoch {}: it leads back to another epoch", epoch.sequence_id));
  }
  const auto opener = crypto::PublicKey::From(record.opener().keys().device_key());
  const auto mac = crypto::MacTag::From(record.opener_previous_mac());
  if (!opener || !mac || !crypto::VerifyEpochDeviceMac(previous, *opener, *mac)) {
    return Violation(fmt::format("epoch {}: the opener's MAC in the epoch before it", epoch.sequence_id));
  }
  return absl::OkStatus();
}

absl::Status CheckForward(const Core& core, const crypto::Epoch& epoch, const v1::Epoch& record) {
  if (absl::Status s = CheckRecord(epoch, record, core.log()); !s.ok()) return s;
  if (absl::Status s = CheckMembers(epoch, record, core.log()); !s.ok()) return s;
  if (epoch.sequence_id == 0) return absl::OkStatus();
  const crypto::Epoch& previous = *core.enrolment().epochs.FindSequence(epoch.sequence_id - 1);
  if (absl::Status s = CheckLink(previous, epoch, record); !s.ok()) return s;
  const v1::Member* self = FindMember(record, core.enrolment().device_id);
  if (self == nullptr || self->encrypted_entropy().empty()) return absl::OkStatus();
  // Addressed to this device: the way forward must lead to the same key as the way back.
  const auto forward = VerifyForward(previous, record, core.log(),
                                     {.device_id = core.enrolment().device_id,
                                      .device_key = core.device_key(),
                                      .epoch_storage_key = core.enrolment().secrets.epoch_storage_key});
  if (!forward.ok()) return forward.status();
  if (!crypto::ConstantTimeEquals(forward->root_key.RevealSecret(), epoch.root_key.RevealSecret())) {
    return Violation(fmt::format("epoch {}: its entropy leads to another key", epoch.sequence_id));
  }
  return absl::OkStatus();
}

absl::Status WalkForward(Core& core, VerifyReport& report, std::map<uint64_t, crypto::Sha256Digest>& digests) {
  const KnownEpochs& epochs = core.enrolment().epochs;
  uint64_t expected = 0;
  const absl::Status walked = ForEachEpoch(core.api(), {}, [&](const v1::Epoch& record) -> absl::StatusOr<bool> {
    const crypto::Epoch* epoch = epochs.FindSequence(expected);
    if (record.sequence_id() != expected || epoch == nullptr) {
      return Violation(fmt::format("epoch {}: missing: the forward listing has a gap or a repeat", expected));
    }
    const absl::Status checked = CheckForward(core, *epoch, record);
    if (!checked.ok()) TakeFinding(report, VerifyStage::kEpochs, checked);
    digests.emplace(expected, DigestOf(record));
    return ++expected <= epochs.newest().sequence_id;
  });
  report.epochs = expected;
  if (!walked.ok() && !TakeFinding(report, VerifyStage::kEpochs, walked)) return walked;
  if (walked.ok() && expected <= epochs.newest().sequence_id) {
    AddFinding(report, VerifyStage::kEpochs, fmt::format("epoch {}: the forward listing ends before it", expected));
  }
  return absl::OkStatus();
}

absl::Status WalkBackward(Core& core, VerifyReport& report, const std::map<uint64_t, crypto::Sha256Digest>& digests) {
  uint64_t above = core.enrolment().epochs.newest().sequence_id + 1;
  v1::ListEpochsRequest request;
  request.set_before_sequence_id(static_cast<uint32_t>(above));
  const absl::Status walked =
      ForEachEpoch(core.api(), std::move(request), [&](const v1::Epoch& record) -> absl::StatusOr<bool> {
        if (above == 0 || record.sequence_id() != above - 1) {
          return Violation("epochs: the backward listing has a gap or a repeat");
        }
        --above;
        const auto it = digests.find(above);
        if (it != digests.end() && it->second != DigestOf(record)) {
          AddFinding(report, VerifyStage::kEpochs, fmt::format("epoch {}: the two listings differ", above));
        }
        return above > 0;
      });
  if (!walked.ok() && !TakeFinding(report, VerifyStage::kEpochs, walked)) return walked;
  if (walked.ok() && above > 0) {
    AddFinding(report, VerifyStage::kEpochs, fmt::format("epoch {}: the backward listing ends before it", above - 1));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status VerifyEpochs(Core& core, VerifyReport& report) {
  const absl::Status reached = core.ReachFirstEpoch();
  if (!reached.ok()) {
    // Without the first epochs' keys there is no walk from the start.
    return TakeFinding(report, VerifyStage::kEpochs, reached) ? absl::OkStatus() : reached;
  }
  std::map<uint64_t, crypto::Sha256Digest> digests;
  if (absl::Status s = WalkForward(core, report, digests); !s.ok()) return s;
  return WalkBackward(core, report, digests);
}

}  // namespace labyrinth::client
