#include "service/server/testing/api_scene.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <utility>

#include "crypto/primitives/ristretto.h"
#include "crypto/statements/log_body.h"

namespace labyrinth::service::testing {

using crypto::LogEntryKind;

ApiScene::ApiScene(ApiServer& server, std::string of_account) : api(server), account(std::move(of_account)) {
  token = api.Token(account);
  old = NewDevice();
  old->CreateMailbox();
  session = old->SignIn();
}

std::unique_ptr<ApiDevice> ApiScene::NewDevice(crypto::SubjectKind kind) const {
  return std::make_unique<ApiDevice>(api.Channel(), api.server_name(), account, api.Token(account), api.random(), kind);
}

std::unique_ptr<ApiDevice> ApiScene::NewDevice(const std::string& of_account) const {
  return std::make_unique<ApiDevice>(api.Channel(), api.server_name(), of_account, api.Token(of_account), api.random());
}

std::string ApiScene::RandomScalar() const {
  return std::string(crypto::Scalar::Random(api.random()).bytes().RevealSecret());
}

std::string ApiScene::MustConsent(const ApiDevice& added) const {
  const std::string id = N().MustOpen(added.keys());
  REQUIRE(O().Send(id, kConsent, 0, "nO").ok());
  return id;
}

std::string ApiScene::MustGrant(const ApiDevice& added) const {
  const std::string id = MustConsent(added);
  REQUIRE(N().Send(id, kStart, 1, "Ya").ok());
  REQUIRE(O().Send(id, kAnswer, 1, "Yb").ok());
  REQUIRE(N().Send(id, kConfirm, 1, "macN").ok());
  REQUIRE(O().Send(id, kGrant, 1, "bundle", RandomScalar()).ok());
  return id;
}

v1::RegisterDeviceRequest ApiScene::Registration(const std::string& id, const ApiDevice& added,
                                                 const ApiDevice& sponsor, const LogPosition& at) const {
  v1::RegisterDeviceRequest request;
  request.set_request_id(NewRequestId());
  request.set_enrollment_id(id);
  ToProto(added.keys(), *request.mutable_keys());
  request.set_evolve_token(RandomScalar());
  request.set_epoch_id(at.epoch_id.value());
  request.set_epoch_device_mac(added.MacAt(at.sequence_id).str());
  *request.mutable_log_entry() = sponsor.SignAdd(added.keys(), at);
  return request;
}

grpc::Status ApiScene::Register(const std::string& id, ApiDevice& added) const {
  v1::RegisterDeviceResponse response;
  const grpc::Status status = N().Register(Registration(id, added, *old, Log()), response);
  if (status.ok()) Became(added, response);
  return status;
}

void ApiScene::Became(ApiDevice& added, const v1::RegisterDeviceResponse& response) const {
  added.mailbox_id = *MailboxId::From(response.mailbox_id());
  added.device_id = DeviceId(response.device_id());
  added.epoch_id = old->epoch_id;
}

std::unique_ptr<ApiDevice> ApiScene::AddMember() const {
  auto added = NewDevice();
  REQUIRE(Register(MustGrant(*added), *added).ok());
  return added;
}

v1::CreateVirtualDeviceRequest ApiScene::VirtualDevice(const std::string& code, const ApiDevice& added,
                                                       const ApiDevice& creator) const {
  const LogPosition at = Log();
  v1::CreateVirtualDeviceRequest request;
  request.set_request_id(NewRequestId());
  request.set_virtual_device_id(code);
  ToProto(added.keys(), *request.mutable_keys());
  const crypto::SealedVirtualDevice sealed{"sealed 1", "sealed 2", "sealed 3", "sealed 4", "sealed 5", "sealed 6"};
  v1::VirtualDeviceSecrets& secrets = *request.mutable_secrets();
  secrets.set_device_key_private(sealed.device_key_private);
  secrets.set_epoch_storage_key_private(sealed.epoch_storage_key_private);
  secrets.set_orf_client_state(sealed.orf_client_state);
  secrets.set_mailbox_root_salt(sealed.mailbox_root_salt);
  secrets.set_epoch_root_key(sealed.epoch_root_key);
  secrets.set_epoch_sequence_id(sealed.epoch_sequence_id);
  request.set_evolve_token(RandomScalar());
  request.set_epoch_id(at.epoch_id.value());
  request.set_epoch_device_mac(added.MacAt(at.sequence_id).str());
  *request.mutable_log_entry() = creator.Sign(LogEntryKind::kAddVirtualDevice, at, [&](crypto::LogEntry& entry) {
    crypto::SetSubject(entry, added.keys());
    entry.body_hash = crypto::AddVirtualDeviceBodyHash(*VirtualDeviceId::From(code), added.keys().sig_30, sealed);
  });
  return request;
}

v1::RegisterDeviceRequest ApiScene::RegistrationByCode(const std::string& code, const ApiDevice& added,
                                                       const ApiDevice& sponsor) const {
  v1::RegisterDeviceRequest request = Registration("", added, sponsor, Log());
  request.set_virtual_device_id(code);
  return request;
}

std::unique_ptr<ApiDevice> ApiScene::AddVirtualDevice(const std::string& code) const {
  auto added = NewDevice(crypto::SubjectKind::kVirtual);
  const auto created = Me().Must(&v1::DeviceService::Stub::CreateVirtualDevice, VirtualDevice(code, *added, *old));
  added->mailbox_id = old->mailbox_id;
  added->device_id = DeviceId(created.device_id());
  added->epoch_id = old->epoch_id;
  return added;
}

v1::RevokeDeviceRequest ApiScene::Removal(const ApiDevice& removed, const ApiDevice& by) const {
  v1::RevokeDeviceRequest request = CuttingOff(removed);
  *request.mutable_log_entry() = by.Sign(LogEntryKind::kRemove, Log(),
                                         [&](crypto::LogEntry& entry) { crypto::SetSubject(entry, removed.keys()); });
  return request;
}

v1::RevokeDeviceRequest ApiScene::CuttingOff(const ApiDevice& removed) const {
  v1::RevokeDeviceRequest request;
  request.set_request_id(NewRequestId());
  request.set_device_id(removed.device_id.value());
  return request;
}

void ApiScene::CutOff(const ApiDevice& device) const {
  Account().Must(&v1::DeviceService::Stub::RevokeDevice, CuttingOff(device));
}

v1::OpenEpochRequest ApiScene::Rotation(const ApiDevice& opener, const std::vector<const ApiDevice*>& members,
                                        const std::vector<const ApiDevice*>& removed,
                                        const std::vector<const ApiDevice*>& cut_off) const {
  LogPosition at = Log();
  const uint32_t sequence_id = at.sequence_id + 1;
  v1::OpenEpochRequest request;
  request.set_request_id(NewRequestId());
  request.set_expected_epoch_id(at.epoch_id.value());
  request.set_sequence_id(sequence_id);
  request.set_enc_prev_sequence("encrypted sequence");
  request.set_enc_prev_root("encrypted root");
  request.set_commitment(fmt::format("commitment {}", sequence_id));
  request.set_opener_previous_mac(opener.MacAt(at.sequence_id).str());
  const auto append = [&](const v1::LogEntry& entry) {
    *request.add_log_entries() = entry;
    ++at.next_index;
    at.head = crypto::HeadOf(entry.entry(), *crypto::Signature::From(entry.signature()));
  };
  for (const auto* list : {&cut_off, &removed}) {
    for (const ApiDevice* device : *list) {
      append(opener.Sign(LogEntryKind::kRemove, at,
                         [&](crypto::LogEntry& entry) { crypto::SetSubject(entry, device->keys()); }));
    }
  }
  for (const ApiDevice* device : removed) request.add_revoke_device_ids(device->device_id.value());
  std::vector<crypto::EpochMemberBody> bodies;
  for (const ApiDevice* device : members) {
    v1::Member& member = *request.add_members();
    member.set_device_id(device->device_id.value());
    member.set_epoch_device_mac(device->MacAt(sequence_id).str());
    member.set_encrypted_entropy(fmt::format("entropy {}", members.size() - bodies.size()));
    bodies.push_back({device->keys().device_key, device->MacAt(sequence_id), member.encrypted_entropy()});
  }
  append(opener.Sign(LogEntryKind::kOpenEpoch, at, [&](crypto::LogEntry& entry) {
    entry.epoch_sequence = sequence_id;
    entry.body_hash = *crypto::OpenEpochBodyHash(request.enc_prev_sequence(), request.enc_prev_root(), bodies);
  }));
  return request;
}

EpochId ApiScene::MustRotate(const std::vector<const ApiDevice*>& members, const std::vector<const ApiDevice*>& removed,
                             const std::vector<const ApiDevice*>& cut_off) {
  const auto opened = Me().Must(&v1::EpochService::Stub::OpenEpoch, Rotation(*old, members, removed, cut_off));
  return old->epoch_id = EpochId(opened.epoch_id());
}

v1::DeleteMailboxRequest ApiScene::Deletion(const ApiDevice& by) const {
  v1::DeleteMailboxRequest request;
  request.set_request_id(NewRequestId());
  *request.mutable_log_entry() = by.Sign(LogEntryKind::kCloseMailbox, Log());
  return request;
}

}  // namespace labyrinth::service::testing
