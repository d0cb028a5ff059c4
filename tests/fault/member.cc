#include "tests/fault/member.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "common/rpc_status.h"
#include "crypto/primitives/ristretto.h"
#include "crypto/statements/log_body.h"
#include "crypto/statements/session_statement.h"
#include "service/auth/base64url.h"
#include "service/config/server_config.h"
#include "service/server/testing/api_device.h"

namespace labyrinth::fault {

using crypto::LogEntry;
using crypto::LogEntryKind;
using crypto::SubjectKind;

namespace {

const std::string& AnyMac() {
  static const std::string* const mac = new std::string(32, 'm');
  return *mac;
}

// Without their signatures, which a log entry's subject doesn't have.
crypto::DevicePublicKeys FromProto(const v1::DeviceKeys& keys) {
  crypto::DevicePublicKeys out;
  out.device_key = *crypto::PublicKey::From(keys.device_key());
  out.epoch_storage_key = *crypto::PublicKey::From(keys.epoch_storage_key());
  out.epoch_storage_auth_key = crypto::PublicKey::From(keys.epoch_storage_auth_key());
  return out;
}

}  // namespace

// Where the mailbox's log and epoch stand.
struct Member::LogAt {
  uint64_t index = 0;
  crypto::LogHead head;
  uint32_t sequence_id = 0;
  uint64_t epoch_id = 0;
};

Member::Member(Account& account)
    : account_(account),
      device_(crypto::MakeTestDevice(SubjectKind::kPhysical, *account.random)),
      mailboxes_(v1::MailboxService::NewStub(account.channel)),
      devices_(v1::DeviceService::NewStub(account.channel)),
      epochs_(v1::EpochService::NewStub(account.channel)),
      history_(v1::HistoryService::NewStub(account.channel)) {}

template <typename Response, typename Call>
absl::StatusOr<Response> Member::Ask(const std::string& token, Call call) const {
  grpc::ClientContext context;
  service::testing::Authorize(context, token, token.empty() ? session_ : "");
  context.set_wait_for_ready(true);  // while the server restarts
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
  Response response;
  const grpc::Status status = call(&context, &response);
  if (!status.ok()) return FromGrpc(status);
  return response;
}

LogEntry Member::NextEntry(const LogAt& at, LogEntryKind kind) const {
  LogEntry entry;
  entry.kind = kind;
  entry.index = at.index;
  entry.previous_head = at.head;
  entry.server_name = std::string(service::kDevServerName);
  entry.account_id = account_.name;
  entry.time_ms = 1'700'000'000'000;
  entry.epoch_sequence = at.sequence_id;
  entry.actor_device_key = device_.id();
  return entry;
}

v1::LogEntry Member::Sign(const LogEntry& entry, const crypto::TestDevice& signer) const {
  const crypto::SignedLogEntry signed_entry = crypto::SignAs(entry, signer, *account_.random);
  v1::LogEntry out;
  out.set_entry(signed_entry.entry);
  out.set_signature(signed_entry.signature.str());
  return out;
}

absl::StatusOr<Member::LogAt> Member::Log() {
  auto mailbox = GetMailbox();
  if (!mailbox.ok()) return mailbox.status();
  return LogAt{mailbox->log_index() + 1, *crypto::LogHead::From(mailbox->log_head()), mailbox->current_sequence_id(),
               mailbox->current_epoch_id()};
}

absl::Status Member::CreateMailbox() {
  v1::CreateMailboxRequest request;
  request.set_request_id(account_.random->Bytes(16));
  service::testing::ToProto(device_.keys, *request.mutable_keys());
  request.set_epoch_device_mac(AnyMac());
  request.set_commitment("commitment");
  LogEntry entry = NextEntry({}, LogEntryKind::kCreate);
  crypto::SetSubject(entry, device_.keys);
  entry.body_hash = crypto::CreateBodyHash(device_.keys, *crypto::MacTag::From(AnyMac()));
  *request.mutable_log_entry() = Sign(entry, device_);
  auto created = Ask<v1::CreateMailboxResponse>(account_.token, [&](auto* context, auto* response) {
    return mailboxes_->CreateMailbox(context, request, response);
  });
  if (!created.ok()) return created.status();
  mailbox_id_ = created->mailbox_id();
  device_id_ = created->device_id();
  if (absl::Status status = SignIn(); !status.ok()) return status;
  return CreateVirtualDevice(created->epoch_id());
}

absl::Status Member::CreateVirtualDevice(uint64_t epoch_id) {
  auto at = Log();
  if (!at.ok()) return at.status();
  auto added = std::make_unique<crypto::TestDevice>(crypto::MakeTestDevice(SubjectKind::kVirtual, *account_.random));
  v1::CreateVirtualDeviceRequest request;
  request.set_request_id(account_.random->Bytes(16));
  request.set_virtual_device_id(account_.random->Bytes(16));
  request.mutable_keys()->set_device_key(added->keys.device_key.str());
  request.mutable_keys()->set_epoch_storage_key(added->keys.epoch_storage_key.str());
  request.mutable_keys()->set_sig_30(added->keys.sig_30.str());
  const crypto::SealedVirtualDevice sealed{"1", "2", "3", "4", "5", "6"};
  v1::VirtualDeviceSecrets& secrets = *request.mutable_secrets();
  secrets.set_device_key_private(sealed.device_key_private);
  secrets.set_epoch_storage_key_private(sealed.epoch_storage_key_private);
  secrets.set_orf_client_state(sealed.orf_client_state);
  secrets.set_mailbox_root_salt(sealed.mailbox_root_salt);
  secrets.set_epoch_root_key(sealed.epoch_root_key);
  secrets.set_epoch_sequence_id(sealed.epoch_sequence_id);
  request.set_evolve_token(std::string(crypto::Scalar::Random(*account_.random).bytes().RevealSecret()));
  request.set_epoch_id(epoch_id);
  request.set_epoch_device_mac(AnyMac());
  LogEntry entry = NextEntry(*at, LogEntryKind::kAddVirtualDevice);
  crypto::SetSubject(entry, added->keys);
  entry.body_hash =
      crypto::AddVirtualDeviceBodyHash(*VirtualDeviceId::From(request.virtual_device_id()), added->keys.sig_30, sealed);
  *request.mutable_log_entry() = Sign(entry, device_);
  auto created = Ask<v1::CreateVirtualDeviceResponse>(
      "", [&](auto* context, auto* response) { return devices_->CreateVirtualDevice(context, request, response); });
  if (!created.ok()) return created.status();
  account_.virtual_device_id = request.virtual_device_id();
  account_.virtual_device = std::move(added);
  return absl::OkStatus();
}

absl::Status Member::Register() {
  // The virtual device signs in, and so learns where the log stands.
  auto known = Ask<v1::GetVirtualDeviceResponse>(account_.token, [&](auto* context, auto* response) {
    v1::GetVirtualDeviceRequest request;
    request.set_virtual_device_id(account_.virtual_device_id);
    return devices_->GetVirtualDevice(context, request, response);
  });
  if (!known.ok()) return known.status();
  mailbox_id_ = known->mailbox_id();
  const crypto::TestDevice& sponsor = *account_.virtual_device;
  device_id_ = known->device_id();
  if (absl::Status status = SignInAs(sponsor, SubjectKind::kVirtual); !status.ok()) return status;
  auto at = Log();
  if (!at.ok()) return at.status();

  v1::RegisterDeviceRequest request;
  request.set_request_id(account_.random->Bytes(16));
  request.set_virtual_device_id(account_.virtual_device_id);
  service::testing::ToProto(device_.keys, *request.mutable_keys());
  request.set_evolve_token(std::string(crypto::Scalar::Random(*account_.random).bytes().RevealSecret()));
  request.set_epoch_id(at->epoch_id);
  request.set_epoch_device_mac(AnyMac());
  LogEntry entry = NextEntry(*at, LogEntryKind::kAddDevice);
  crypto::SetSubject(entry, device_.keys);
  entry.body_hash = crypto::AddDeviceBodyHash(device_.keys);
  entry.actor_device_key = sponsor.id();
  *request.mutable_log_entry() = Sign(entry, sponsor);
  auto added = Ask<v1::RegisterDeviceResponse>(account_.token, [&](auto* context, auto* response) {
    return devices_->RegisterDevice(context, request, response);
  });
  if (!added.ok()) return added.status();
  device_id_ = added->device_id();
  return SignIn();
}

absl::Status Member::SignIn() { return SignInAs(device_, SubjectKind::kPhysical); }

absl::Status Member::SignInAs(const crypto::TestDevice& device, SubjectKind kind) {
  v1::CreateChallengeRequest ask;
  ask.set_device_id(device_id_);
  auto challenge = Ask<v1::CreateChallengeResponse>(account_.token, [&](auto* context, auto* response) {
    return mailboxes_->CreateChallenge(context, ask, response);
  });
  if (!challenge.ok()) return challenge.status();
  const crypto::SessionStatement statement{.server_name = std::string(service::kDevServerName),
                                           .account_id = account_.name,
                                           .mailbox_id = *MailboxId::From(mailbox_id_),
                                           .device_id = DeviceId(device_id_),
                                           .kind = kind,
                                           .device_key = device.id(),
                                           .account_token_hash = crypto::Sha256(account_.token),
                                           .challenge = challenge->challenge(),
                                           .client_random = *crypto::ClientRandom::From(account_.random->Bytes(32))};
  const auto signature = crypto::SignSession(statement, device.device_key.private_key, *account_.random);
  if (!signature.ok()) return signature.status();
  v1::CreateSessionRequest request;
  request.set_device_id(device_id_);
  request.mutable_proof()->set_challenge(statement.challenge);
  request.mutable_proof()->set_client_random(statement.client_random.str());
  request.mutable_proof()->set_signature(signature->str());
  auto session = Ask<v1::CreateSessionResponse>(account_.token, [&](auto* context, auto* response) {
    return mailboxes_->CreateSession(context, request, response);
  });
  if (!session.ok()) return session.status();
  session_ = service::EncodeBase64Url(session->session_token());
  return absl::OkStatus();
}

absl::StatusOr<v1::GetMailboxResponse> Member::GetMailbox() {
  return Ask<v1::GetMailboxResponse>(
      "", [&](auto* context, auto* response) { return mailboxes_->GetMailbox(context, {}, response); });
}

absl::StatusOr<v1::SaveMessagesResponse> Member::Save(const v1::SaveMessagesRequest& request) {
  return Ask<v1::SaveMessagesResponse>(
      "", [&](auto* context, auto* response) { return history_->SaveMessages(context, request, response); });
}

absl::StatusOr<v1::DeleteMessagesResponse> Member::Delete(const v1::DeleteMessagesRequest& request) {
  return Ask<v1::DeleteMessagesResponse>(
      "", [&](auto* context, auto* response) { return history_->DeleteMessages(context, request, response); });
}

absl::StatusOr<v1::ListMessagesResponse> Member::List(const v1::ListMessagesRequest& request) {
  return Ask<v1::ListMessagesResponse>(
      "", [&](auto* context, auto* response) { return history_->ListMessages(context, request, response); });
}

absl::StatusOr<v1::BatchGetMessagesResponse> Member::Get(const v1::BatchGetMessagesRequest& request) {
  return Ask<v1::BatchGetMessagesResponse>(
      "", [&](auto* context, auto* response) { return history_->BatchGetMessages(context, request, response); });
}

absl::StatusOr<v1::ListEpochsResponse> Member::ListEpochs(const v1::ListEpochsRequest& request) {
  return Ask<v1::ListEpochsResponse>(
      "", [&](auto* context, auto* response) { return epochs_->ListEpochs(context, request, response); });
}

absl::StatusOr<std::vector<v1::Device>> Member::AllDevices() {
  v1::ListDevicesRequest request;
  request.set_page_size(500);
  auto listed = Ask<v1::ListDevicesResponse>(
      "", [&](auto* context, auto* response) { return devices_->ListDevices(context, request, response); });
  if (!listed.ok()) return listed.status();
  return std::vector<v1::Device>(listed->devices().begin(), listed->devices().end());
}

absl::StatusOr<std::vector<v1::Device>> Member::ListDevices() {
  auto devices = AllDevices();
  if (!devices.ok()) return devices.status();
  std::erase_if(*devices, [](const v1::Device& device) { return device.kind() != v1::DEVICE_KIND_PHYSICAL; });
  return devices;
}

absl::StatusOr<v1::OpenEpochRequest> Member::NextEpoch(const std::vector<uint64_t>& removed) {
  auto at = Log();
  if (!at.ok()) return at.status();
  auto devices = AllDevices();
  if (!devices.ok()) return devices.status();
  v1::OpenEpochRequest request;
  request.set_request_id(account_.random->Bytes(16));
  request.set_expected_epoch_id(at->epoch_id);
  request.set_sequence_id(at->sequence_id + 1);
  request.set_enc_prev_sequence("sequence");
  request.set_enc_prev_root("root");
  request.set_commitment("commitment");
  request.set_opener_previous_mac(AnyMac());
  const auto append = [&](const LogEntry& entry) {
    *request.add_log_entries() = Sign(entry, device_);
    const v1::LogEntry& added = request.log_entries(request.log_entries_size() - 1);
    at->head = crypto::HeadOf(added.entry(), *crypto::Signature::From(added.signature()));
    ++at->index;
  };
  std::vector<crypto::EpochMemberBody> members;
  for (const v1::Device& device : *devices) {
    if (std::find(removed.begin(), removed.end(), device.device_id()) != removed.end()) {
      request.add_revoke_device_ids(device.device_id());
      LogEntry entry = NextEntry(*at, LogEntryKind::kRemove);
      crypto::SetSubject(entry, FromProto(device.keys()));
      append(entry);
      continue;
    }
    v1::Member& member = *request.add_members();
    member.set_device_id(device.device_id());
    member.set_epoch_device_mac(AnyMac());
    member.set_encrypted_entropy("entropy");
    members.push_back(
        {*crypto::PublicKey::From(device.keys().device_key()), *crypto::MacTag::From(AnyMac()), "entropy"});
  }
  ++at->sequence_id;
  LogEntry open = NextEntry(*at, LogEntryKind::kOpenEpoch);
  auto body = crypto::OpenEpochBodyHash(request.enc_prev_sequence(), request.enc_prev_root(), std::move(members));
  if (!body.ok()) return body.status();
  open.body_hash = *body;
  append(open);
  return request;
}

absl::StatusOr<v1::OpenEpochResponse> Member::OpenEpoch(const v1::OpenEpochRequest& request) {
  return Ask<v1::OpenEpochResponse>(
      "", [&](auto* context, auto* response) { return epochs_->OpenEpoch(context, request, response); });
}

absl::StatusOr<v1::RevokeDeviceRequest> Member::Revocation(uint64_t device_id) {
  auto at = Log();
  if (!at.ok()) return at.status();
  auto devices = AllDevices();
  if (!devices.ok()) return devices.status();
  for (const v1::Device& device : *devices) {
    if (device.device_id() != device_id) continue;
    v1::RevokeDeviceRequest request;
    request.set_request_id(account_.random->Bytes(16));
    request.set_device_id(device_id);
    LogEntry entry = NextEntry(*at, LogEntryKind::kRemove);
    crypto::SetSubject(entry, FromProto(device.keys()));
    *request.mutable_log_entry() = Sign(entry, device_);
    return request;
  }
  return absl::NotFoundError("no such active device");
}

absl::StatusOr<v1::RevokeDeviceResponse> Member::Revoke(const v1::RevokeDeviceRequest& request) {
  return Ask<v1::RevokeDeviceResponse>(
      "", [&](auto* context, auto* response) { return devices_->RevokeDevice(context, request, response); });
}

}  // namespace labyrinth::fault
