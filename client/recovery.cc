#include "client/recovery.h"

#include <utility>

#include "client/convert.h"
#include "client/log_signer.h"
#include "client/opened_code.h"
#include "client/own_epoch.h"
#include "client/pending.h"
#include "client/wipe.h"
#include "common/errors.h"
#include "crypto/labyrinth/virtual_device.h"
#include "crypto/statements/log_body.h"

namespace labyrinth::client {
namespace {

constexpr int kAttempts = 5;

bool LostRace(const absl::Status& status) {
  const auto reason = ReasonOf(status);
  return reason == Reason::kEpochStale || reason == Reason::kLogStale;
}

}  // namespace

absl::StatusOr<CreatedCode> Recovery::CreateCode() {
  if (absl::Status s = core_.RequireDevice(); !s.ok()) return s;
  if (absl::Status s = SettleLeftover(core_); !s.ok()) return s;
  if (core_.state().pending_code.has_value()) {
    auto resumed = SendPendingCode();
    // Refused, or revoked since: that code is gone, make another.
    if (resumed.ok() || core_.state().pending_code.has_value()) return resumed;
  }
  for (int attempt = 1;; ++attempt) {
    auto created = AttemptCreateCode();
    if (created.ok() || attempt >= kAttempts) return created;
    // Nothing is handed out under an epoch that a removed device holds, or that a truncated chain ended in.
    if (ReasonOf(created.status()) == Reason::kRotationRequired) {
      if (const auto rotation = Rotate(core_, {}); !rotation.ok()) return rotation.status();
    } else if (!LostRace(created.status())) {
      return created;
    }
  }
}

absl::StatusOr<CreatedCode> Recovery::AttemptCreateCode() {
  if (absl::Status s = core_.Refresh(); !s.ok()) return s;
  if (absl::Status s = RequireOwnEpoch(core_.enrolment()); !s.ok()) return s;
  const Enrolment& enrolment = core_.enrolment();
  const crypto::Epoch& epoch = enrolment.epochs.newest();
  const auto device = crypto::CreateVirtualDevice(enrolment.secrets.orf, epoch, enrolment.mailbox_root_salt,
                                                  core_.state().account_id, core_.random());
  if (!device.ok()) return device.status();
  LogSigner signer(core_.log().state(), enrolment.secrets.device_key, core_.clock(), core_.random());
  const auto entry =
      signer.Sign(crypto::LogEntryKind::kAddVirtualDevice,
                  {.subject = device->keys,
                   .epoch_sequence = static_cast<uint32_t>(epoch.sequence_id),
                   .hash = crypto::AddVirtualDeviceBodyHash(device->id, device->keys.sig_30, device->sealed)});
  if (!entry.ok()) return entry.status();

  Wiped<v1::CreateVirtualDeviceRequest> request;
  request->set_request_id(core_.random().Bytes(RequestId::kSize));
  request->set_virtual_device_id(device->id.str());
  ToProto(device->keys, *request->mutable_keys());
  ToProto(device->sealed, *request->mutable_secrets());
  request->set_evolve_token(std::string(device->evolve_token.bytes().RevealSecret()));
  request->set_epoch_id(epoch.id.value());
  request->set_epoch_device_mac(device->epoch_device_mac.str());
  ToProto(*entry, *request->mutable_log_entry());

  PendingRecoveryCode pending{
      .request = SerializeSecret(*request), .code = device->code.Formatted(), .log = signer.log().position()};
  const absl::Status kept = core_.Update([&](KeychainState& state) { state.pending_code = std::move(pending); });
  if (!kept.ok()) return kept;
  return SendPendingCode();
}

absl::StatusOr<CreatedCode> Recovery::SendPendingCode() {
  const PendingRecoveryCode pending = core_.state().pending_code->Clone();
  Wiped<v1::CreateVirtualDeviceRequest> request;
  request->ParseFromArray(pending.request.RevealSecret().data(), static_cast<int>(pending.request.size()));
  const auto response = core_.api().CreateVirtualDevice(*request);
  if (!response.ok() && !IsRefusal(response.status())) return response.status();
  // The log says whether the virtual device is a member, whatever the reply and however old the call.
  absl::Status status = response.status();
  if (status.ok()) {
    if (absl::Status s = core_.Refresh(); !s.ok()) return s;
    const auto key = crypto::PublicKey::From(request->keys().device_key());
    const crypto::LogMember* member = key.has_value() ? core_.log().state().Find(*key) : nullptr;
    if (member == nullptr) status = Violation("recovery: the membership log lacks the new recovery code");
    if (member != nullptr && !member->active())
      status = absl::FailedPreconditionError("this recovery code was revoked");
    if (!DeviceId(response->device_id()).valid()) status = Violation("the server's answer has malformed ids");
  }
  const absl::Status kept = core_.Update([](KeychainState& state) { state.pending_code.reset(); });
  if (!kept.ok()) return kept;
  if (!status.ok()) return status;
  return CreatedCode{.code = pending.code.Clone(), .device_id = DeviceId(response->device_id())};
}

absl::StatusOr<CodeTest> Recovery::Test(const crypto::Secret& typed_code) {
  auto code = OpenedCode::Open(core_, typed_code);
  if (!code.ok()) return code.status();
  if (absl::Status s = code->Refresh(); !s.ok()) return s;
  return CodeTest{.corrected_characters = code->corrected_characters(),
                  .virtual_device_id = code->device_id(),
                  .epoch_sequence = static_cast<uint32_t>(code->epochs().newest().sequence_id)};
}

}  // namespace labyrinth::client
