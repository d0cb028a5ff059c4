#include "crypto/labyrinth/one_time_run.h"

#include <string_view>

#include "common/errors.h"
#include "crypto/primitives/aead.h"
#include "crypto/statements/log_body.h"
#include "crypto/statements/log_entry.h"

namespace labyrinth::crypto {
namespace {

absl::Status NotNow() {
  return absl::FailedPreconditionError("one-time code: not this step's turn, or the run is over");
}

absl::Status WrongMac() {
  return absl::PermissionDeniedError("one-time code: the codes differ, or somebody stands between the two devices");
}

absl::StatusOr<CpaceRun> StartCpace(CpaceRun::Role role, const OneTimeCode& code, const OneTimeRunInputs& inputs,
                                    RandomSource& random) {
  if (absl::Status s = CheckOneTimeRunInputs(inputs); !s.ok()) return s;
  return CpaceRun::Start(role, code.digits(), OneTimeChannelId(inputs), OneTimeSessionId(inputs).view(), random);
}

// nullopt if the Add entry is what the new device asked for and the old one answered for; otherwise what is wrong.
std::optional<std::string> FaultOf(const OneTimeBundle& bundle, const OneTimeRunInputs& inputs,
                                   const DevicePublicKeys& new_device, const OldDeviceData& old_device) {
  const auto entry = DecodeLogEntry(bundle.add_entry.entry);
  if (!entry.ok() || entry->kind != LogEntryKind::kAddDevice) return "a one-time code's Add entry";
  LogEntry expected = *entry;
  expected.server_name = inputs.server_name;
  expected.account_id = inputs.account_id;
  SetSubject(expected, new_device);
  expected.body_hash = AddDeviceBodyHash(new_device);
  expected.actor_device_key = old_device.device_key;
  if (expected != *entry) return "a one-time code's Add entry, which is for another device, sponsor or mailbox";
  if (!VerifyLogSignature(bundle.add_entry, old_device.device_key).ok()) return "a one-time code's Add entry, unsigned";

  if (entry->epoch_sequence != bundle.epoch.sequence_id) return "a one-time code's Add entry, of another epoch";
  if (entry->index <= old_device.log_index) return "a one-time code's Add entry, before the log's end";
  // Nothing between: the entry continues the very head of the answer, and no epoch has been opened since.
  if (entry->index == old_device.log_index + 1 &&
      (entry->previous_head != old_device.log_head || bundle.epoch.id != old_device.epoch_id)) {
    return "a one-time code's Add entry, on another log or epoch than the answer's";
  }
  return std::nullopt;
}

}  // namespace

// --- the new device ---

absl::StatusOr<OneTimeNewDevice> OneTimeNewDevice::Create(const OneTimeCode& code, const OneTimeRunInputs& inputs,
                                                          const DevicePublicKeys& keys, RandomSource& random) {
  auto data = EncodeNewDeviceData(keys);
  if (!data.ok()) return data.status();
  auto cpace = StartCpace(CpaceRun::Role::kInitiator, code, inputs, random);
  if (!cpace.ok()) return cpace.status();
  return OneTimeNewDevice(inputs, keys, *std::move(data), *std::move(cpace));
}

absl::StatusOr<std::string> OneTimeNewDevice::Confirm(std::string_view answer) {
  if (!cpace_.has_value()) return NotNow();
  CpaceRun cpace = *std::exchange(cpace_, std::nullopt);
  auto decoded = DecodeOneTimeAnswer(answer);
  if (!decoded.ok()) return decoded.status();
  const auto session_key = cpace.Finish(data_, decoded->share, decoded->associated_data);
  if (!session_key.ok()) return session_key.status();

  transcript_ = OneTimeTranscript(inputs_, cpace.share().view(), data_, decoded->share, decoded->associated_data);
  run_keys_ = DeriveOneTimeKeys(*session_key, OneTimeSessionId(inputs_));
  answer_ = *std::move(decoded);
  return NewDeviceMac(*run_keys_, transcript_).str();
}

absl::StatusOr<OneTimeBundle> OneTimeNewDevice::OpenGrant(std::string_view grant) {
  if (!run_keys_.has_value()) return NotNow();
  auto bundle = OpenWith(*run_keys_, grant);
  if (!bundle.ok()) run_keys_.reset();
  return bundle;
}

absl::StatusOr<OneTimeBundle> OneTimeNewDevice::OpenWith(const OneTimeKeys& keys, std::string_view grant) const {
  const auto decoded = DecodeOneTimeGrant(grant);
  if (!decoded.ok()) return decoded.status();
  if (!VerifyOldDeviceMac(keys, transcript_, decoded->mac)) return WrongMac();
  const auto plaintext = DecryptPadded(keys.bundle_key, OneTimeBundleAad(transcript_), decoded->encrypted_bundle);
  if (!plaintext.ok()) return errors::DataDamaged("a one-time code's bundle");
  auto bundle = DecodeOneTimeBundle(*plaintext);
  if (!bundle.ok()) return bundle.status();
  const auto fault = FaultOf(*bundle, inputs_, keys_, answer_->old_device);
  if (fault.has_value()) return errors::DataDamaged(*fault);
  return bundle;
}

// --- the old device ---

absl::StatusOr<OneTimeOldDevice> OneTimeOldDevice::Create(const OneTimeCode& code, const OneTimeRunInputs& inputs,
                                                          const DevicePublicKeys& new_device, const OldDeviceData& self,
                                                          RandomSource& random) {
  if (absl::Status s = VerifyDeviceSignatures(new_device); !s.ok()) return s;
  auto data = EncodeNewDeviceData(new_device);
  if (!data.ok()) return data.status();
  if (auto own = DecodeOldDeviceData(EncodeOldDeviceData(self)); !own.ok()) return own.status();
  auto cpace = StartCpace(CpaceRun::Role::kResponder, code, inputs, random);
  if (!cpace.ok()) return cpace.status();
  return OneTimeOldDevice(inputs, new_device, *std::move(data), self, *std::move(cpace));
}

absl::StatusOr<std::string> OneTimeOldDevice::Answer(std::string_view start) {
  if (!cpace_.has_value()) return NotNow();
  CpaceRun cpace = *std::exchange(cpace_, std::nullopt);
  const std::string data = EncodeOldDeviceData(self_);
  const auto session_key = cpace.Finish(data, start, new_device_data_);
  if (!session_key.ok()) return session_key.status();
  transcript_ = OneTimeTranscript(inputs_, start, new_device_data_, cpace.share().view(), data);
  run_keys_ = DeriveOneTimeKeys(*session_key, OneTimeSessionId(inputs_));
  return EncodeOneTimeAnswer(cpace.share(), data);
}

absl::Status OneTimeOldDevice::CheckConfirm(std::string_view confirm) {
  if (!run_keys_.has_value() || confirmed_) return NotNow();
  confirmed_ = VerifyNewDeviceMac(*run_keys_, transcript_, confirm);
  if (confirmed_) return absl::OkStatus();
  run_keys_.reset();
  return confirm.size() == MacTag::kSize ? WrongMac() : absl::InvalidArgumentError("one-time code: a MAC has 32 bytes");
}

absl::StatusOr<std::string> OneTimeOldDevice::Grant(const OneTimeBundle& bundle, RandomSource& random) const {
  if (!run_keys_.has_value() || !confirmed_) return NotNow();
  if (const auto fault = FaultOf(bundle, inputs_, new_device_, self_); fault.has_value()) {
    return absl::InvalidArgumentError(*fault);
  }
  const auto plaintext = EncodeOneTimeBundle(bundle);
  if (!plaintext.ok()) return plaintext.status();
  const auto sealed =
      EncryptPadded(run_keys_->bundle_key, OneTimeBundleAad(transcript_), plaintext->RevealSecret(), random);
  if (!sealed.ok()) return sealed.status();
  return EncodeOneTimeGrant(OldDeviceMac(*run_keys_, transcript_), *sealed);
}

}  // namespace labyrinth::crypto
