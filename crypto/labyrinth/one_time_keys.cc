#include "crypto/labyrinth/one_time_keys.h"

#include "common/limits.h"
#include "crypto/statements/codec.h"
#include "crypto/statements/domains.h"

namespace labyrinth::crypto {
namespace {

constexpr std::size_t kKeyBytes = 32;

std::string MacInput(std::string_view side, const Sha512Digest& transcript) {
  std::string out(side);
  out.append(transcript.view());
  return out;
}

}  // namespace

absl::Status CheckOneTimeRunInputs(const OneTimeRunInputs& inputs) {
  if (inputs.server_name.empty()) return absl::InvalidArgumentError("one-time code: no server name");
  if (inputs.account_id.empty() || inputs.account_id.size() > limits::kAccountIdBytes) {
    return absl::InvalidArgumentError("one-time code: not an account id");
  }
  if (inputs.attempt == 0 || inputs.attempt > limits::kEnrollmentRuns) {
    return absl::InvalidArgumentError("one-time code: no such run");
  }
  return absl::OkStatus();
}

Sha256Digest OneTimeSessionId(const OneTimeRunInputs& inputs) {
  std::string out = inputs.enrollment_id.str();
  AppendU8(out, static_cast<uint8_t>(inputs.attempt));
  out.append(inputs.new_device_nonce.view());
  out.append(inputs.old_device_nonce.view());
  return Sha256(out);
}

std::string OneTimeChannelId(const OneTimeRunInputs& inputs) {
  return Lv(domains::kOneTimeCode) + Lv(inputs.server_name) + Lv(inputs.account_id);
}

Sha512Digest OneTimeTranscript(const OneTimeRunInputs& inputs, std::string_view new_device_share,
                               std::string_view new_device_data, std::string_view old_device_share,
                               std::string_view old_device_data) {
  std::string out = Lv(OneTimeChannelId(inputs));
  AppendLv(out, OneTimeSessionId(inputs).view());
  AppendLv(out, new_device_share);
  AppendLv(out, new_device_data);
  AppendLv(out, old_device_share);
  AppendLv(out, old_device_data);
  return Sha512(out);
}

OneTimeKeys DeriveOneTimeKeys(const Secret& session_key, const Sha256Digest& session_id) {
  const Secret all = Kdf(session_key, session_id.view(), domains::kOneTimeCodeKeys, 3 * kKeyBytes);
  const std::string_view bytes = all.RevealSecret();
  return {Secret::CopyOf(bytes.substr(0, kKeyBytes)), Secret::CopyOf(bytes.substr(kKeyBytes, kKeyBytes)),
          Secret::CopyOf(bytes.substr(2 * kKeyBytes))};
}

MacTag NewDeviceMac(const OneTimeKeys& keys, const Sha512Digest& transcript) {
  return Mac(MacInput(domains::kOneTimeCodeNewDevice, transcript), keys.new_device_mac_key);
}

MacTag OldDeviceMac(const OneTimeKeys& keys, const Sha512Digest& transcript) {
  return Mac(MacInput(domains::kOneTimeCodeOldDevice, transcript), keys.old_device_mac_key);
}

bool VerifyNewDeviceMac(const OneTimeKeys& keys, const Sha512Digest& transcript, std::string_view expected) {
  return VerifyMac(MacInput(domains::kOneTimeCodeNewDevice, transcript), keys.new_device_mac_key, expected);
}

bool VerifyOldDeviceMac(const OneTimeKeys& keys, const Sha512Digest& transcript, std::string_view expected) {
  return VerifyMac(MacInput(domains::kOneTimeCodeOldDevice, transcript), keys.old_device_mac_key, expected);
}

std::string OneTimeBundleAad(const Sha512Digest& transcript) {
  std::string out(domains::kOneTimeCodeBundle);
  out.append(transcript.view());
  return out;
}

}  // namespace labyrinth::crypto
