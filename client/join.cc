// Recovery::Join: becoming a device with a recovery code.
#include <utility>

#include "client/convert.h"
#include "client/device_directory.h"
#include "client/log_signer.h"
#include "client/opened_code.h"
#include "client/pending.h"
#include "client/recovery.h"
#include "client/wipe.h"
#include "common/errors.h"
#include "crypto/labyrinth/device_secrets.h"
#include "crypto/statements/log_body.h"

namespace labyrinth::client {
namespace {

constexpr int kRegisterAttempts = 5;

// One registration as the log and the epochs stand now, sponsored by the virtual device.
absl::StatusOr<PendingRegisterDevice> Prepare(Core& core, const OpenedCode& code) {
  RandomSource& random = core.random();
  auto evolution = code.secrets().orf.Evolve(random);
  auto secrets = crypto::DeviceSecrets::Generate(crypto::SubjectKind::kPhysical, std::move(evolution.state), random);
  if (!secrets.ok()) return secrets.status();
  const crypto::DevicePublicKeys& keys = secrets->public_keys;
  const crypto::Epoch& epoch = code.epochs().newest();

  LogSigner signer(code.log().state(), code.secrets().device_key, core.clock(), random);
  const auto entry =
      signer.Sign(crypto::LogEntryKind::kAddDevice, {.subject = keys,
                                                     .epoch_sequence = static_cast<uint32_t>(epoch.sequence_id),
                                                     .hash = crypto::AddDeviceBodyHash(keys)});
  if (!entry.ok()) return entry.status();

  Wiped<v1::RegisterDeviceRequest> request;
  request->set_request_id(random.Bytes(RequestId::kSize));
  request->set_virtual_device_id(code.virtual_device_id().str());
  ToProto(keys, *request->mutable_keys());
  request->set_evolve_token(std::string(evolution.token.bytes().RevealSecret()));
  request->set_epoch_id(epoch.id.value());
  request->set_epoch_device_mac(crypto::EpochDeviceMac(epoch, keys.device_key).str());
  ToProto(*entry, *request->mutable_log_entry());
  return PendingRegisterDevice{.request = SerializeSecret(*request),
                               .enrolment = {.mailbox_id = {},
                                             .device_id = {},
                                             .secrets = *std::move(secrets),
                                             .mailbox_root_salt = code.secrets().mailbox_root_salt.Clone(),
                                             .epochs = code.epochs().Clone(),
                                             .log = signer.log().position(),
                                             .fresh_epoch_required = true}};
}

absl::Status Register(Core& core, OpenedCode& code) {
  for (int attempt = 1;; ++attempt) {
    if (absl::Status s = code.Refresh(); !s.ok()) return s;
    auto pending = Prepare(core, code);
    if (!pending.ok()) return pending.status();
    const absl::Status kept = core.Update([&](KeychainState& state) { state.pending = *std::move(pending); });
    if (!kept.ok()) return kept;
    const absl::Status status = SettlePending(core);
    const auto reason = ReasonOf(status);
    const bool lost_race = reason == Reason::kEpochStale || reason == Reason::kLogStale;
    if (!lost_race || attempt >= kRegisterAttempts) return status;
  }
}

}  // namespace

absl::StatusOr<JoinReport> Recovery::Join(const crypto::Secret& typed_code) {
  if (core_.HasDevice()) return absl::FailedPreconditionError("this profile is a device of a mailbox already");
  if (absl::Status s = SettleLeftover(core_); !s.ok()) return s;
  JoinReport report;
  if (!core_.HasDevice()) {
    auto code = OpenedCode::Open(core_, typed_code);
    if (!code.ok()) return code.status();
    if (absl::Status s = Register(core_, *code); !s.ok()) return s;
    report.corrected_characters = code->corrected_characters();
  }
  // From here on this profile is a device: what fails below is made good by the first save.
  if (absl::Status s = core_.Refresh(); !s.ok()) return s;
  if (absl::Status s = core_.ReachFirstEpoch(); !s.ok()) return s;
  auto rotation = Rotate(core_, {});
  if (!rotation.ok()) return rotation.status();
  const auto directory = RefreshDirectory(core_);
  if (!directory.ok()) return directory.status();

  report.device_id = core_.enrolment().device_id;
  report.rotation = *std::move(rotation);
  for (const DeviceView& device : directory->devices()) {
    if (device.active) report.members.push_back(device);
  }
  const DeviceView* self = directory->Find(core_.device_key());
  const DeviceView* sponsor = self == nullptr ? nullptr : directory->Find(self->sponsor);
  if (sponsor != nullptr) report.virtual_device_id = sponsor->device_id;
  return report;
}

}  // namespace labyrinth::client
