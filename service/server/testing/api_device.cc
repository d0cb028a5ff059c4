#include "service/server/testing/api_device.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "crypto/statements/log_body.h"
#include "service/auth/base64url.h"

namespace labyrinth::service::testing {

namespace {

constexpr int64_t kSignedMs = 1'700'000'000'000;

}  // namespace

void ToProto(const crypto::DevicePublicKeys& keys, v1::DeviceKeys& out) {
  out.set_device_key(keys.device_key.str());
  out.set_epoch_storage_key(keys.epoch_storage_key.str());
  out.set_sig_30(keys.sig_30.str());
  if (keys.kind() != crypto::SubjectKind::kPhysical) return;
  out.set_epoch_storage_auth_key(keys.epoch_storage_auth_key->str());
  out.set_sig_31(keys.sig_31->str());
}

void Authorize(grpc::ClientContext& context, const std::string& account_token, const std::string& session) {
  if (!account_token.empty()) context.AddMetadata("authorization", "Bearer " + account_token);
  if (!session.empty()) context.AddMetadata("x-labyrinth-session", session);
}

ApiDevice::ApiDevice(std::shared_ptr<grpc::Channel> channel, std::string server_name, std::string account,
                     std::string account_token, RandomSource& random, crypto::SubjectKind kind)
    : token(std::move(account_token)),
      server_name_(std::move(server_name)),
      account_(std::move(account)),
      random_(random),
      stub_(v1::MailboxService::NewStub(std::move(channel))),
      device_(crypto::MakeTestDevice(kind, random)) {}

v1::CreateMailboxRequest ApiDevice::CreateRequest() const {
  v1::CreateMailboxRequest request;
  request.set_request_id(random_.Bytes(16));
  ToProto(device_.keys, *request.mutable_keys());
  const crypto::MacTag mac = MacAt(0);
  request.set_epoch_device_mac(mac.str());
  request.set_commitment("commitment");
  *request.mutable_log_entry() = Sign(crypto::LogEntryKind::kCreate, {}, [&](crypto::LogEntry& entry) {
    crypto::SetSubject(entry, device_.keys);
    entry.body_hash = crypto::CreateBodyHash(device_.keys, mac);
  });
  return request;
}

void ApiDevice::CreateMailbox() {
  grpc::ClientContext context;
  Authorize(context, token);
  v1::CreateMailboxResponse response;
  const grpc::Status status = stub_->CreateMailbox(&context, CreateRequest(), &response);
  INFO(status.error_message());
  REQUIRE(status.ok());
  mailbox_id = *MailboxId::From(response.mailbox_id());
  device_id = DeviceId(response.device_id());
  epoch_id = EpochId(response.epoch_id());
}

std::string ApiDevice::NewChallenge() const {
  grpc::ClientContext context;
  Authorize(context, token);
  v1::CreateChallengeRequest request;
  v1::CreateChallengeResponse response;
  request.set_device_id(device_id.value());
  const grpc::Status status = stub_->CreateChallenge(&context, request, &response);
  INFO(status.error_message());
  REQUIRE(status.ok());
  return response.challenge();
}

v1::CreateSessionRequest ApiDevice::Prove(const std::string& challenge,
                                          const std::function<void(crypto::SessionStatement&)>& spoil) const {
  crypto::SessionStatement statement{.server_name = server_name_,
                                     .account_id = account_,
                                     .mailbox_id = mailbox_id,
                                     .device_id = device_id,
                                     .kind = device_.keys.kind(),
                                     .device_key = device_.id(),
                                     .account_token_hash = crypto::Sha256(token),
                                     .challenge = challenge,
                                     .client_random = *crypto::ClientRandom::From(random_.Bytes(32))};
  v1::CreateSessionRequest request;
  request.set_device_id(device_id.value());
  request.mutable_proof()->set_challenge(challenge);
  request.mutable_proof()->set_client_random(statement.client_random.str());
  if (spoil) spoil(statement);
  const auto signature = crypto::SignSession(statement, device_.device_key.private_key, random_);
  REQUIRE(signature.ok());
  request.mutable_proof()->set_signature(signature->str());
  return request;
}

grpc::Status ApiDevice::CreateSession(const v1::CreateSessionRequest& request,
                                      v1::CreateSessionResponse& response) const {
  grpc::ClientContext context;
  Authorize(context, token);
  return stub_->CreateSession(&context, request, &response);
}

std::string ApiDevice::SignIn() const {
  v1::CreateSessionResponse response;
  const grpc::Status status = CreateSession(Prove(NewChallenge()), response);
  INFO(status.error_message());
  REQUIRE(status.ok());
  return EncodeBase64Url(response.session_token());
}

LogPosition ApiDevice::Log(const std::string& session) const {
  grpc::ClientContext context;
  Authorize(context, "", session);
  v1::GetMailboxResponse response;
  const grpc::Status status = stub_->GetMailbox(&context, {}, &response);
  INFO(status.error_message());
  REQUIRE(status.ok());
  return {response.log_index() + 1, *crypto::LogHead::From(response.log_head()), EpochId(response.current_epoch_id()),
          response.current_sequence_id()};
}

v1::LogEntry ApiDevice::Sign(crypto::LogEntryKind kind, const LogPosition& at,
                             const std::function<void(crypto::LogEntry&)>& fill) const {
  crypto::LogEntry entry;
  entry.kind = kind;
  entry.index = at.next_index;
  entry.previous_head = at.head;
  entry.server_name = server_name_;
  entry.account_id = account_;
  entry.time_ms = kSignedMs;
  entry.epoch_sequence = at.sequence_id;
  entry.actor_device_key = device_.id();
  if (fill) fill(entry);
  const crypto::SignedLogEntry signed_entry = crypto::SignAs(entry, device_, random_);
  v1::LogEntry out;
  out.set_entry(signed_entry.entry);
  out.set_signature(signed_entry.signature.str());
  return out;
}

v1::LogEntry ApiDevice::SignAdd(const crypto::DevicePublicKeys& subject, const LogPosition& at) const {
  return Sign(crypto::LogEntryKind::kAddDevice, at, [&](crypto::LogEntry& entry) {
    crypto::SetSubject(entry, subject);
    entry.body_hash = crypto::AddDeviceBodyHash(subject);
  });
}

crypto::MacTag ApiDevice::MacAt(uint32_t sequence_id) const {
  return crypto::MacWithPublicKey(device_.keys.device_key.view(), fmt::format("epoch {}", sequence_id));
}

}  // namespace labyrinth::service::testing
