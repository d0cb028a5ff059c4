#include "service/handlers/device_service.h"

#include <memory>
#include <utility>

#include "common/errors.h"
#include "common/limits.h"
#include "crypto/statements/virtual_device_check.h"
#include "service/converters/fields.h"

namespace labyrinth::service {

namespace {

constexpr std::size_t kEvolveTokenBytes = 32;

absl::StatusOr<crypto::Secret> ParseEvolveToken(std::string_view token) {
  if (token.size() != kEvolveTokenBytes) return errors::InvalidField("evolve_token", "must be 32 bytes");
  return crypto::Secret::CopyOf(token);
}

// An enrolment that is over counts as a sponsor too: a repeat of what it enrolled gets the first answer.
absl::StatusOr<mailbox::Sponsor> FindSponsor(const std::string& partition, const v1::RegisterDeviceRequest& request,
                                             const crypto::DevicePublicKeys& keys, enrollment::Relay& enrollments) {
  if (request.sponsor_case() != v1::RegisterDeviceRequest::kEnrollmentId) {
    return ParseFixed<VirtualDeviceId>(request.virtual_device_id(), "virtual_device_id");
  }
  auto id = ParseFixed<enrollment::EnrollmentId>(request.enrollment_id(), "enrollment_id");
  if (!id.ok()) return id.status();
  absl::StatusOr<enrollment::Grant> grant = enrollments.GrantOf(partition, *id, keys);
  if (ReasonOf(grant.status()) == Reason::kEnrollmentClosed) return mailbox::ClosedEnrollment{};
  if (!grant.ok()) return grant.status();
  return mailbox::MemberGrant{std::move(grant->member), std::move(grant->temporary)};
}

absl::StatusOr<mailbox::RegisterDeviceRequest> ParseRegister(std::string partition,
                                                             const v1::RegisterDeviceRequest& request,
                                                             enrollment::Relay& enrollments) {
  auto key = ParseRequestKey(request.request_id(), "RegisterDevice", request);
  if (!key.ok()) return key.status();
  auto keys = ParseDeviceKeys(request.keys(), crypto::SubjectKind::kPhysical);
  if (!keys.ok()) return keys.status();
  auto sponsor = FindSponsor(partition, request, *keys, enrollments);
  if (!sponsor.ok()) return sponsor.status();
  auto token = ParseEvolveToken(request.evolve_token());
  if (!token.ok()) return token.status();
  auto epoch_id = ParseId<EpochId>(request.epoch_id(), "epoch_id");
  if (!epoch_id.ok()) return epoch_id.status();
  auto mac = ParseFixed<crypto::MacTag>(request.epoch_device_mac(), "epoch_device_mac");
  if (!mac.ok()) return mac.status();
  auto entry = ParseLogEntry(request.log_entry(), "log_entry");
  if (!entry.ok()) return entry.status();
  if (request.sealed_label().size() > limits::kSealedLabelBytes) {
    return errors::LimitExceeded("sealed_label", "sealed_label_bytes", limits::kSealedLabelBytes);
  }
  return mailbox::RegisterDeviceRequest{std::move(partition),
                                        *key,
                                        *std::move(sponsor),
                                        *std::move(keys),
                                        *std::move(token),
                                        *epoch_id,
                                        *mac,
                                        *std::move(entry),
                                        request.sealed_label()};
}

absl::StatusOr<mailbox::CreateVirtualDeviceRequest> ParseCreateVirtual(mailbox::Caller caller,
                                                                       const v1::CreateVirtualDeviceRequest& request) {
  auto key = ParseRequestKey(request.request_id(), "CreateVirtualDevice", request);
  if (!key.ok()) return key.status();
  auto virtual_id = ParseFixed<VirtualDeviceId>(request.virtual_device_id(), "virtual_device_id");
  if (!virtual_id.ok()) return virtual_id.status();
  auto keys = ParseDeviceKeys(request.keys(), crypto::SubjectKind::kVirtual);
  if (!keys.ok()) return keys.status();
  auto secrets = ParseSecrets(request.secrets());
  if (!secrets.ok()) return secrets.status();
  auto token = ParseEvolveToken(request.evolve_token());
  if (!token.ok()) return token.status();
  auto epoch_id = ParseId<EpochId>(request.epoch_id(), "epoch_id");
  if (!epoch_id.ok()) return epoch_id.status();
  auto mac = ParseFixed<crypto::MacTag>(request.epoch_device_mac(), "epoch_device_mac");
  if (!mac.ok()) return mac.status();
  auto entry = ParseLogEntry(request.log_entry(), "log_entry");
  if (!entry.ok()) return entry.status();
  return mailbox::CreateVirtualDeviceRequest{
      std::move(caller), *key,      *virtual_id, *std::move(keys), *std::move(secrets),
      *std::move(token), *epoch_id, *mac,        *std::move(entry)};
}

void FillVirtualDevice(const mailbox::VirtualDeviceView& view, v1::GetVirtualDeviceResponse& response) {
  const storage_v1::VirtualDeviceRecord& record = view.secrets;
  response.set_device_id(record.device_id());
  response.set_mailbox_id(view.mailbox_id.str());
  ToProto(view.device, *response.mutable_keys());
  response.set_epoch_id(record.epoch_id());
  v1::VirtualDeviceSecrets& secrets = *response.mutable_secrets();
  secrets.set_device_key_private(record.device_key_private());
  secrets.set_epoch_storage_key_private(record.epoch_storage_key_private());
  secrets.set_orf_client_state(record.orf_client_state());
  secrets.set_mailbox_root_salt(record.mailbox_root_salt());
  secrets.set_epoch_root_key(record.epoch_root_key());
  secrets.set_epoch_sequence_id(record.epoch_sequence_id());
}

}  // namespace

grpc::ServerUnaryReactor* DeviceServiceHandler::ListDevices(grpc::CallbackServerContext* rpc,
                                                            const v1::ListDevicesRequest* request,
                                                            v1::ListDevicesResponse* response) {
  Call call(context_, rpc, "list_devices");
  grpc::ServerUnaryReactor* reactor = call.reactor();
  absl::StatusOr<mailbox::Caller> caller = call.Device();
  if (!caller.ok()) return call.Finish(caller.status()), reactor;
  auto page = ParsePage(request->page_size(), request->page_token());
  if (!page.ok()) return call.Finish(page.status()), reactor;
  const absl::Time deadline = call.deadline();
  context_.directory.ListDevices(
      *caller, request->show_revoked(), *std::move(page), deadline,
      [call = std::move(call), response](absl::StatusOr<mailbox::DevicePage> devices) mutable {
        if (!devices.ok()) return call.Finish(devices.status());
        for (const auto& [id, record] : devices->devices) ToProto(id, record, *response->add_devices());
        response->set_next_page_token(devices->next_token);
        call.Finish(absl::OkStatus());
      });
  return reactor;
}

grpc::ServerUnaryReactor* DeviceServiceHandler::RegisterDevice(grpc::CallbackServerContext* rpc,
                                                               const v1::RegisterDeviceRequest* request,
                                                               v1::RegisterDeviceResponse* response) {
  Call call(context_, rpc, "register_device");
  grpc::ServerUnaryReactor* reactor = call.reactor();
  absl::StatusOr<AccountClaims> account = call.Account();
  if (!account.ok()) return call.Finish(account.status()), reactor;
  const std::string partition = call.PartitionOf(*account);
  auto registration = ParseRegister(partition, *request, context_.enrollments);
  if (!registration.ok()) return call.Finish(registration.status()), reactor;
  const absl::Time deadline = call.deadline();
  auto operation = std::make_unique<mailbox::RegisterDeviceOperation>(
      context_.policy, *std::move(registration), context_.random,
      [this, call = std::move(call), partition,
       enrollment_id = enrollment::EnrollmentId::From(request->enrollment_id()),
       response](absl::StatusOr<mailbox::RegisterDeviceResponse> result) mutable {
        if (result.ok()) {
          if (enrollment_id.has_value()) context_.enrollments.Registered(partition, *enrollment_id);
          response->set_device_id(result->device_id.value());
          response->set_mailbox_id(result->mailbox_id.str());
        }
        call.Finish(result.status());
      });
  operation->deadline = deadline;
  context_.sequencer.Submit(partition, std::move(operation));
  return reactor;
}

grpc::ServerUnaryReactor* DeviceServiceHandler::CreateVirtualDevice(grpc::CallbackServerContext* rpc,
                                                                    const v1::CreateVirtualDeviceRequest* request,
                                                                    v1::CreateVirtualDeviceResponse* response) {
  Call call(context_, rpc, "create_virtual_device");
  grpc::ServerUnaryReactor* reactor = call.reactor();
  absl::StatusOr<mailbox::Caller> caller = call.Device();
  if (!caller.ok()) return call.Finish(caller.status()), reactor;
  const std::string partition = caller->partition;
  auto creation = ParseCreateVirtual(*std::move(caller), *request);
  if (!creation.ok()) return call.Finish(creation.status()), reactor;
  const absl::Time deadline = call.deadline();
  auto operation = std::make_unique<mailbox::CreateVirtualDeviceOperation>(
      context_.policy, *std::move(creation), context_.random,
      [call = std::move(call), response](absl::StatusOr<DeviceId> device_id) mutable {
        if (device_id.ok()) response->set_device_id(device_id->value());
        call.Finish(device_id.status());
      });
  operation->deadline = deadline;
  context_.sequencer.Submit(partition, std::move(operation));
  return reactor;
}

grpc::ServerUnaryReactor* DeviceServiceHandler::GetVirtualDevice(grpc::CallbackServerContext* rpc,
                                                                 const v1::GetVirtualDeviceRequest* request,
                                                                 v1::GetVirtualDeviceResponse* response) {
  Call call(context_, rpc, "get_virtual_device");
  grpc::ServerUnaryReactor* reactor = call.reactor();
  absl::StatusOr<AccountClaims> account = call.Account();
  if (!account.ok()) return call.Finish(account.status()), reactor;
  const std::string partition = call.PartitionOf(*account);
  auto virtual_id = ParseFixed<VirtualDeviceId>(request->virtual_device_id(), "virtual_device_id");
  if (!virtual_id.ok()) return call.Finish(virtual_id.status()), reactor;
  const absl::Status limited = context_.virtual_device_misses.Try(partition);
  if (!limited.ok()) return call.Finish(limited), reactor;
  const absl::Time deadline = call.deadline();
  context_.directory.FindVirtualDevice(
      partition, *virtual_id, deadline,
      [this, call = std::move(call), partition, response](absl::StatusOr<mailbox::VirtualDeviceView> view) mutable {
        const bool missed = ReasonOf(view.status()) == Reason::kVirtualDeviceNotFound;
        if (!missed) context_.virtual_device_misses.TakeBack(partition);
        if (!view.ok()) return call.Finish(view.status());
        FillVirtualDevice(*view, *response);
        call.Finish(absl::OkStatus());
      });
  return reactor;
}

grpc::ServerUnaryReactor* DeviceServiceHandler::ListVirtualDeviceChecks(grpc::CallbackServerContext* rpc,
                                                                        const v1::ListVirtualDeviceChecksRequest*,
                                                                        v1::ListVirtualDeviceChecksResponse* response) {
  Call call(context_, rpc, "list_virtual_device_checks");
  grpc::ServerUnaryReactor* reactor = call.reactor();
  absl::StatusOr<AccountClaims> account = call.Account();
  if (!account.ok()) return call.Finish(account.status()), reactor;
  const std::string partition = call.PartitionOf(*account);
  const absl::Time deadline = call.deadline();
  context_.directory.ListVirtualDevices(
      partition, deadline,
      [call = std::move(call), response](absl::StatusOr<std::vector<VirtualDeviceId>> ids) mutable {
        if (!ids.ok()) return call.Finish(ids.status());
        for (const VirtualDeviceId& id : *ids) response->add_checks(crypto::CheckOf(id.view()).str());
        call.Finish(absl::OkStatus());
      });
  return reactor;
}

absl::StatusOr<mailbox::RevokeDeviceRequest> DeviceServiceHandler::ParseRevoke(
    Call& call, const v1::RevokeDeviceRequest& request) const {
  auto key = ParseRequestKey(request.request_id(), "RevokeDevice", request);
  if (!key.ok()) return key.status();
  auto device_id = ParseId<DeviceId>(request.device_id(), "device_id");
  if (!device_id.ok()) return device_id.status();
  mailbox::RevokeDeviceRequest out{{}, *key, *device_id, std::nullopt, std::nullopt};
  if (request.has_log_entry()) {
    absl::StatusOr<mailbox::Caller> caller = call.Device();
    if (!caller.ok()) return caller.status();
    auto entry = ParseLogEntry(request.log_entry(), "log_entry");
    if (!entry.ok()) return entry.status();
    out.partition = caller->partition;
    out.caller = *std::move(caller);
    out.log_entry = *std::move(entry);
    return out;
  }
  absl::StatusOr<AccountClaims> account = call.Account();
  if (!account.ok()) return account.status();
  const int64_t oldest_ms = context_.clock.NowMs() - limits::kFreshSignInMs;
  if (!account->auth_time_ms.has_value() || *account->auth_time_ms < oldest_ms) {
    return errors::TokenInvalid("account token: removing a device without a signed entry needs a fresh sign-in");
  }
  out.partition = call.PartitionOf(*account);
  return out;
}

grpc::ServerUnaryReactor* DeviceServiceHandler::RevokeDevice(grpc::CallbackServerContext* rpc,
                                                             const v1::RevokeDeviceRequest* request,
                                                             v1::RevokeDeviceResponse* response) {
  Call call(context_, rpc, "revoke_device");
  grpc::ServerUnaryReactor* reactor = call.reactor();
  auto revocation = ParseRevoke(call, *request);
  if (!revocation.ok()) return call.Finish(revocation.status()), reactor;
  const std::string partition = revocation->partition;
  const DeviceId device_id = revocation->device_id;
  const absl::Time deadline = call.deadline();
  auto operation = std::make_unique<mailbox::RevokeDeviceOperation>(
      context_.policy, *std::move(revocation),
      [this, call = std::move(call), partition, device_id, response](absl::StatusOr<uint64_t> revision) mutable {
        if (revision.ok()) {
          context_.enrollments.MemberRemoved(partition, device_id);
          response->set_revision(*revision);
        }
        call.Finish(revision.status());
      });
  operation->deadline = deadline;
  context_.sequencer.Submit(partition, std::move(operation));
  return reactor;
}

}  // namespace labyrinth::service
