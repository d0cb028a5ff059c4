#include "client/mailbox.h"

#include <utility>

#include "client/convert.h"
#include "client/log_signer.h"
#include "client/pending.h"
#include "client/wipe.h"
#include "common/errors.h"
#include "crypto/labyrinth/device_secrets.h"
#include "crypto/labyrinth/epoch_open.h"
#include "crypto/labyrinth/virtual_device.h"
#include "crypto/statements/commitment.h"
#include "crypto/statements/log_body.h"

namespace labyrinth::client {
namespace {

constexpr int kDeleteAttempts = 5;

}  // namespace

absl::Status Mailbox::Create() {
  if (core_.HasDevice()) return absl::FailedPreconditionError("this profile is a device of a mailbox already");
  if (absl::Status s = SettleLeftover(core_); !s.ok()) return s;
  // The interrupted call was this one, and the server has done it.
  if (core_.HasDevice()) return absl::OkStatus();
  return AttemptCreate();
}

absl::Status Mailbox::AttemptCreate() {
  RandomSource& random = core_.random();
  auto secrets =
      crypto::DeviceSecrets::Generate(crypto::SubjectKind::kPhysical, crypto::OrfClientState::Generate(random), random);
  if (!secrets.ok()) return secrets.status();
  const crypto::DevicePublicKeys& keys = secrets->public_keys;
  crypto::Epoch epoch = crypto::CreateFirstEpoch(random);
  const crypto::MacTag mac = crypto::EpochDeviceMac(epoch, keys.device_key);

  LogSigner signer(crypto::MembershipState(core_.names()), secrets->device_key, core_.clock(), random);
  const auto entry = signer.Sign(crypto::LogEntryKind::kCreate,
                                 {.subject = keys, .epoch_sequence = 0, .hash = crypto::CreateBodyHash(keys, mac)});
  if (!entry.ok()) return entry.status();

  v1::CreateMailboxRequest request;
  request.set_request_id(random.Bytes(RequestId::kSize));
  ToProto(keys, *request.mutable_keys());
  request.set_epoch_device_mac(mac.str());
  request.set_commitment(crypto::BuildCommitment(signer.log(), epoch.root_key, 0));
  ToProto(*entry, *request.mutable_log_entry());

  PendingCreateMailbox pending{
      .request = SerializeSecret(request),
      .enrolment = {.mailbox_id = {},
                    .device_id = {},
                    .secrets = *std::move(secrets),
                    .mailbox_root_salt = crypto::RandomSecret(crypto::kMailboxRootSaltBytes, random),
                    .epochs = {},
                    .log = signer.log().position()},
      .root_key = std::move(epoch.root_key)};
  const absl::Status kept = core_.Update([&](KeychainState& state) { state.pending = std::move(pending); });
  if (!kept.ok()) return kept;
  return SettlePending(core_);
}

absl::StatusOr<MailboxInfo> Mailbox::Info() {
  if (absl::Status s = core_.RequireDevice(); !s.ok()) return s;
  if (absl::Status s = core_.Refresh(); !s.ok()) return s;
  const auto response = core_.api().GetMailbox({});
  if (!response.ok()) return response.status();
  if (response->mailbox_id() != core_.enrolment().mailbox_id.view()) {
    return Violation("the server answers for another mailbox");
  }
  const crypto::MembershipState& log = core_.log().state();
  return MailboxInfo{.mailbox_id = core_.enrolment().mailbox_id,
                     .rotation_required = response->state() == v1::MAILBOX_STATE_ROTATION_REQUIRED,
                     .epoch_sequence = log.epoch_sequence(),
                     .log_index = log.position().last_index(),
                     .active_devices = log.ActiveMembers().size(),
                     .used_bytes = response->used_bytes(),
                     .quota_bytes = response->quota_bytes(),
                     .message_count = response->message_count(),
                     .quota_messages = response->quota_messages(),
                     .server_time_ms = response->server_time_ms()};
}

absl::Status Mailbox::Delete() {
  if (absl::Status s = core_.RequireDevice(); !s.ok()) return s;
  if (absl::Status s = SettleLeftover(core_); !s.ok()) return s;
  absl::Status status;
  for (int attempt = 0; attempt < kDeleteAttempts; ++attempt) {
    if (absl::Status s = core_.Refresh(); !s.ok()) return s;
    LogSigner signer(core_.log().state(), core_.enrolment().secrets.device_key, core_.clock(), core_.random());
    const auto entry =
        signer.Sign(crypto::LogEntryKind::kCloseMailbox,
                    {.subject = std::nullopt, .epoch_sequence = core_.log().state().epoch_sequence(), .hash = {}});
    if (!entry.ok()) return entry.status();
    v1::DeleteMailboxRequest request;
    request.set_request_id(core_.random().Bytes(RequestId::kSize));
    ToProto(*entry, *request.mutable_log_entry());
    status = core_.api().DeleteMailbox(request).status();
    if (ReasonOf(status) != Reason::kLogStale) break;
  }
  if (!status.ok()) return status;
  const absl::Status kept = core_.Update([](KeychainState& state) {
    state.enrolment.reset();
    state.pending.reset();
    state.pending_code.reset();
  });
  if (kept.ok()) core_.ResetDevice();
  return kept;
}

}  // namespace labyrinth::client
