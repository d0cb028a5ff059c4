#include "tools/bench/device.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/channel_arguments.h>

#include <chrono>

#include "absl/strings/escaping.h"
#include "client/token_source.h"
#include "common/rpc_status.h"
#include "crypto/primitives/hash.h"
#include "crypto/statements/session_statement.h"
#include "proto/labyrinth/v1/mailbox.pb.h"

namespace labyrinth::bench {
namespace {

constexpr char kServerName[] = "labyrinth.dev";
constexpr std::chrono::seconds kCallTimeout{30};

void Prepare(grpc::ClientContext& context, const std::string& token) {
  context.set_deadline(std::chrono::system_clock::now() + kCallTimeout);
  context.AddMetadata("authorization", "Bearer " + token);
}

}  // namespace

client::ClientOptions DevOptions(const std::string& endpoint, const std::string& account) {
  client::ClientOptions options;
  options.endpoint = endpoint;
  options.server_name = kServerName;
  options.account_id = account;
  options.use_dev_issuer = true;
  return options;
}

std::shared_ptr<grpc::Channel> NewChannel(const std::string& endpoint) {
  grpc::ChannelArguments alone;
  alone.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  alone.SetMaxReceiveMessageSize(-1);
  return grpc::CreateCustomChannel(endpoint, grpc::InsecureChannelCredentials(), alone);
}

absl::StatusOr<std::unique_ptr<Device>> Device::Create(const std::string& endpoint, const std::string& account,
                                                       const std::string& profile_dir) {
  auto client = client::LabyrinthClient::Open(profile_dir, DevOptions(endpoint, account));
  if (!client.ok()) return client.status();
  if (absl::Status status = (*client)->mailbox().Create(); !status.ok()) return status;
  return SignedIn(endpoint, *std::move(client));
}

absl::StatusOr<std::unique_ptr<Device>> Device::Join(const std::string& endpoint, const std::string& account,
                                                     const std::string& profile_dir, const crypto::Secret& code) {
  auto client = client::LabyrinthClient::Open(profile_dir, DevOptions(endpoint, account));
  if (!client.ok()) return client.status();
  if (const auto joined = (*client)->recovery().Join(code); !joined.ok()) return joined.status();
  return SignedIn(endpoint, *std::move(client));
}

absl::StatusOr<std::unique_ptr<Device>> Device::SignedIn(const std::string& endpoint,
                                                         std::unique_ptr<client::LabyrinthClient> client) {
  std::unique_ptr<Device> device(new Device(std::move(client)));
  auto mailbox = device->client_->core().api().GetMailbox({});
  if (!mailbox.ok()) return mailbox.status();
  device->epoch_id_ = mailbox->current_epoch_id();
  auto token = device->client_->core().connection().Token(/*renew=*/false);
  if (!token.ok()) return token.status();
  device->token_ = std::string(token->RevealSecret());
  auto session = device->SignIn(*v1::MailboxService::NewStub(NewChannel(endpoint)));
  if (!session.ok()) return session.status();
  device->session_ = *std::move(session);
  return device;
}

absl::StatusOr<std::string> Device::SignIn(v1::MailboxService::Stub& stub) {
  const client::Enrolment& enrolment = client_->core().enrolment();
  v1::CreateChallengeRequest ask;
  v1::CreateChallengeResponse challenge;
  ask.set_device_id(enrolment.device_id.value());
  grpc::ClientContext ask_context;
  Prepare(ask_context, token_);
  if (absl::Status status = FromGrpc(stub.CreateChallenge(&ask_context, ask, &challenge)); !status.ok()) return status;

  RandomSource& random = client_->core().random();
  const crypto::SessionStatement statement{.server_name = kServerName,
                                           .account_id = client_->core().state().account_id,
                                           .mailbox_id = enrolment.mailbox_id,
                                           .device_id = enrolment.device_id,
                                           .kind = crypto::SubjectKind::kPhysical,
                                           .device_key = enrolment.secrets.public_keys.device_key,
                                           .account_token_hash = crypto::Sha256(token_),
                                           .challenge = challenge.challenge(),
                                           .client_random = *crypto::ClientRandom::From(random.Bytes(32))};
  const auto signature = crypto::SignSession(statement, enrolment.secrets.device_key.private_key, random);
  if (!signature.ok()) return signature.status();
  v1::CreateSessionRequest prove;
  v1::CreateSessionResponse session;
  prove.set_device_id(enrolment.device_id.value());
  prove.mutable_proof()->set_challenge(challenge.challenge());
  prove.mutable_proof()->set_client_random(statement.client_random.str());
  prove.mutable_proof()->set_signature(signature->str());
  grpc::ClientContext prove_context;
  Prepare(prove_context, token_);
  if (absl::Status status = FromGrpc(stub.CreateSession(&prove_context, prove, &session)); !status.ok()) return status;
  std::string header;
  absl::WebSafeBase64Escape({session.session_token().data(), session.session_token().size()}, &header);
  return header;
}

}  // namespace labyrinth::bench
