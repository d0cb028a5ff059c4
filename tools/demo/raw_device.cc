#include "tools/demo/raw_device.h"

#include <filesystem>
#include <utility>

#include "client/channel.h"
#include "client/token_source.h"

namespace labyrinth::demo {

absl::StatusOr<std::unique_ptr<RawDevice>> RawDevice::FromProfile(const std::string& profile, const std::string& copy,
                                                                  const std::string& endpoint,
                                                                  const std::string& server_name,
                                                                  const std::string& account_id) {
  std::error_code error;
  std::filesystem::copy(profile, copy, std::filesystem::copy_options::recursive, error);
  if (error) return absl::UnavailableError(copy + ": " + error.message());
  std::filesystem::permissions(copy, std::filesystem::perms::owner_all);

  std::unique_ptr<RawDevice> device(new RawDevice());
  auto keychain = client::Keychain::Open(copy, server_name, account_id);
  if (!keychain.ok()) return keychain.status();
  device->keychain_ = *std::move(keychain);
  if (!device->keys().enrolment.has_value()) return absl::FailedPreconditionError(profile + ": not a device");
  auto channel = client::OpenChannel(endpoint, {});
  if (!channel.ok()) return channel.status();
  device->sleeper_ = std::make_unique<client::ThreadSleeper>();
  device->connection_ =
      std::make_unique<client::Connection>(*channel, client::TokenFromDevIssuer(*channel, account_id),
                                           client::RetryPolicy(), device->clock_, device->random_, *device->sleeper_);
  const client::Enrolment& enrolment = *device->keys().enrolment;
  device->api_ = std::make_unique<client::Api>(
      *device->connection_,
      client::SessionIdentity{server_name, account_id, enrolment.mailbox_id, enrolment.device_id,
                              crypto::SubjectKind::kPhysical, enrolment.secrets.device_key.Clone()});
  return device;
}

}  // namespace labyrinth::demo
