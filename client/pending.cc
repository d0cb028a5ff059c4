#include "client/pending.h"

#include <utility>
#include <variant>

#include "client/convert.h"
#include "common/errors.h"

namespace labyrinth::client {
namespace {

template <typename Request>
Request Parse(const crypto::Secret& bytes) {
  Request request;
  // Our own bytes, under the keychain's digest: they parse.
  request.ParseFromArray(bytes.RevealSecret().data(), static_cast<int>(bytes.size()));
  return request;
}

void RaiseLog(Enrolment& enrolment, const crypto::LogPosition& position) {
  if (position.length > enrolment.log.length) enrolment.log = position;
}

absl::Status Become(Core& core, Enrolment enrolment, std::string_view mailbox_id, uint64_t device_id) {
  const auto mailbox = MailboxId::From(mailbox_id);
  if (!mailbox.has_value() || !DeviceId(device_id).valid()) return Violation("the server's answer has malformed ids");
  if (!enrolment.mailbox_id.IsZero() && *mailbox != enrolment.mailbox_id) {
    return Violation("the server enrolled this device into another mailbox than its sponsor's");
  }
  enrolment.mailbox_id = *mailbox;
  enrolment.device_id = DeviceId(device_id);
  const absl::Status kept = core.Update([&](KeychainState& state) {
    state.enrolment = std::move(enrolment);
    state.pending.reset();
    state.one_time = {};
  });
  if (kept.ok()) core.ResetDevice();
  return kept;
}

absl::Status Send(Core& core, const PendingCreateMailbox& pending) {
  const auto response = core.account().CreateMailbox(Parse<v1::CreateMailboxRequest>(pending.request));
  if (!response.ok()) return response.status();
  Enrolment enrolment = pending.enrolment.Clone();
  crypto::Epoch first{EpochId(response->epoch_id()), 0, pending.root_key.Clone()};
  if (absl::Status s = enrolment.epochs.Append(std::move(first)); !s.ok()) return s;
  return Become(core, std::move(enrolment), response->mailbox_id(), response->device_id());
}

absl::Status Send(Core& core, const PendingRegisterDevice& pending) {
  const auto response = core.account().RegisterDevice(Parse<v1::RegisterDeviceRequest>(pending.request));
  if (!response.ok()) return response.status();
  return Become(core, pending.enrolment.Clone(), response->mailbox_id(), response->device_id());
}

absl::Status Send(Core& core, const PendingOpenEpoch& pending) {
  const auto response = core.api().OpenEpoch(Parse<v1::OpenEpochRequest>(pending.request));
  if (!response.ok()) return response.status();
  crypto::Epoch opened{EpochId(response->epoch_id()), pending.sequence_id, pending.root_key.Clone()};
  // Already known where a crash came between the answer and here, and the epoch was chained to since.
  const bool is_next = core.enrolment().epochs.newest().sequence_id < opened.sequence_id;
  KnownEpochs epochs = core.enrolment().epochs.Clone();
  if (is_next) {
    if (absl::Status s = epochs.Append(std::move(opened)); !s.ok()) return s;
  }
  const crypto::LogPosition log = pending.log;
  const int64_t now_ms = core.clock().NowMs();
  return core.Update([&](KeychainState& state) {
    state.enrolment->epochs = std::move(epochs);
    state.enrolment->fresh_epoch_required = false;
    state.enrolment->last_write_ms = now_ms;
    RaiseLog(*state.enrolment, log);
    state.pending.reset();
  });
}

absl::Status Send(Core& core, const PendingRevokeDevice& pending) {
  const auto response = core.api().RevokeDevice(Parse<v1::RevokeDeviceRequest>(pending.request));
  if (!response.ok()) return response.status();
  const crypto::LogPosition log = pending.log;
  return core.Update([&](KeychainState& state) {
    RaiseLog(*state.enrolment, log);
    state.pending.reset();
  });
}

}  // namespace

bool IsRefusal(const absl::Status& status) {
  const auto reason = ReasonOf(status);
  if (!reason.has_value()) return false;
  switch (*reason) {
    case Reason::kMailboxExists:
    case Reason::kEpochStale:
    case Reason::kLogStale:
    case Reason::kMembersMismatch:
    case Reason::kRotationRequired:
    case Reason::kRequestIdReused:
    case Reason::kInvalidField:
    case Reason::kLimitExceeded:
    case Reason::kQuotaExceeded:
    case Reason::kVirtualDeviceNotFound:
    case Reason::kDeviceNotFound:
    case Reason::kEnrollmentClosed:
      return true;
    default:
      return false;
  }
}

absl::Status SettlePending(Core& core) {
  const absl::Status status =
      std::visit([&](const auto& pending) { return Send(core, pending); }, *core.state().pending);
  if (!IsRefusal(status)) return status;
  const absl::Status dropped = core.Update([](KeychainState& state) { state.pending.reset(); });
  return dropped.ok() ? status : dropped;
}

absl::Status SettleLeftover(Core& core) {
  if (!core.state().pending.has_value()) return absl::OkStatus();
  const absl::Status status = SettlePending(core);
  return core.state().pending.has_value() ? status : absl::OkStatus();
}

}  // namespace labyrinth::client
