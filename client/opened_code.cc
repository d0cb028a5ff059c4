#include "client/opened_code.h"

#include <utility>
#include <vector>

#include "client/convert.h"
#include "client/epoch_walk.h"
#include "common/errors.h"
#include "common/limits.h"
#include "crypto/labyrinth/recovery_code.h"
#include "crypto/labyrinth/recovery_correction.h"

namespace labyrinth::client {
namespace {

absl::StatusOr<crypto::CorrectionCandidate> Correct(Core& core, const crypto::Secret& typed) {
  const auto code = crypto::RecoveryCode::Parse(typed);
  if (!code.ok()) return code.status();
  const auto response = core.account().ListVirtualDeviceChecks({});
  if (!response.ok()) return response.status();
  std::vector<crypto::VirtualDeviceCheck> checks;
  for (const std::string& bytes : response->checks()) {
    const auto check = crypto::VirtualDeviceCheck::From(bytes);
    if (!check.has_value()) return Violation("recovery: a virtual device's check is malformed");
    checks.push_back(*check);
  }
  // About 240 candidates are compared with each: the list must not be the server's to choose at will.
  if (checks.size() > limits::kDevices) return Violation("recovery: the server lists too many virtual devices");
  auto candidate = crypto::CorrectCode(*code, core.state().account_id, checks);
  if (!candidate.has_value()) return errors::VirtualDeviceNotFound();
  return *std::move(candidate);
}

}  // namespace

absl::StatusOr<OpenedCode> OpenedCode::Open(Core& core, const crypto::Secret& typed) {
  const auto candidate = Correct(core, typed);
  if (!candidate.ok()) return candidate.status();
  const crypto::RecoveryKeys keys = candidate->code.Derive(core.state().account_id);
  const auto handle = VirtualDeviceId::From(keys.virtual_device_id);
  if (!handle.has_value()) return absl::InvalidArgumentError("recovery code: version 1 codes are for import alone");

  v1::GetVirtualDeviceRequest request;
  request.set_virtual_device_id(handle->str());
  const auto response = core.account().GetVirtualDevice(request);
  if (!response.ok()) return response.status();
  const auto mailbox_id = MailboxId::From(response->mailbox_id());
  const auto public_keys = FromProto(response->keys());
  if (!public_keys.ok()) return Violation("recovery", public_keys.status());
  if (!mailbox_id.has_value() || !DeviceId(response->device_id()).valid() ||
      public_keys->kind() != crypto::SubjectKind::kVirtual) {
    return Violation("recovery: the virtual device's record is malformed");
  }
  auto secrets = crypto::OpenVirtualDevice(FromProto(response->secrets()), keys.decryption_key, *public_keys);
  if (!secrets.ok()) return Violation("recovery", secrets.status());

  OpenedCode code(core, *std::move(secrets));
  code.corrected_characters_ = candidate->corrections;
  code.device_id_ = DeviceId(response->device_id());
  code.virtual_device_id_ = *handle;
  code.keys_ = *public_keys;
  code.api_ = std::make_unique<Api>(core.connection(), SessionIdentity{.server_name = core.state().server_name,
                                                                       .account_id = core.state().account_id,
                                                                       .mailbox_id = *mailbox_id,
                                                                       .device_id = code.device_id_,
                                                                       .kind = crypto::SubjectKind::kVirtual,
                                                                       .device_key = code.secrets_.device_key.Clone()});
  crypto::Epoch start{EpochId(response->epoch_id()), code.secrets_.epoch_sequence_id,
                      code.secrets_.epoch_root_key.Clone()};
  if (absl::Status s = code.epochs_.Append(std::move(start)); !s.ok()) return s;
  return code;
}

absl::Status OpenedCode::Refresh() {
  if (absl::Status s = SyncLog(*api_, kept_, log_); !s.ok()) return s;
  kept_ = log_.position();
  const crypto::LogMember* self = log_.state().Find(keys_.device_key);
  if (self == nullptr || self->kind != crypto::SubjectKind::kVirtual ||
      self->epoch_storage_key != keys_.epoch_storage_key) {
    return Violation("recovery: the membership log doesn't name this code's virtual device");
  }
  if (!self->active()) return absl::FailedPreconditionError("this recovery code was revoked");
  if (!start_checked_) {
    const auto record = FetchRecord(*api_, log_, epochs_.newest());
    if (!record.ok()) return record.status();
    start_checked_ = true;
  }
  const Recipient recipient{
      .device_id = device_id_, .device_key = keys_.device_key, .epoch_storage_key = secrets_.epoch_storage_key};
  return ChainForward(*api_, log_, recipient, epochs_);
}

}  // namespace labyrinth::client
