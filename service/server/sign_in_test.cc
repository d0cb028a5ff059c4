// Who gets in, over the wire.
#include <grpcpp/grpcpp.h>

#include <catch2/catch.hpp>
#include <functional>

#include "common/errors.h"
#include "common/limits.h"
#include "common/rpc_status.h"
#include "proto/labyrinth/v1/device.grpc.pb.h"
#include "proto/labyrinth/v1/epoch.grpc.pb.h"
#include "proto/labyrinth/v1/history.grpc.pb.h"
#include "service/server/testing/api_device.h"
#include "service/server/testing/live_server.h"

namespace labyrinth::service {
namespace {

using testing::ApiDevice;
using testing::Authorize;
using testing::DevConfig;
using testing::FreshDir;
using testing::LiveServer;
using testing::ReasonOfCall;

struct Account {
  explicit Account(const std::string& name) : server(DevConfig(FreshDir(name))) {
    server.Start();
    device = std::make_unique<ApiDevice>(server.Channel(), std::string(kDevServerName), "alice", server.Token("alice"),
                                         server.random());
    device->CreateMailbox();
  }
  LiveServer server;
  std::unique_ptr<ApiDevice> device;
};

grpc::Status GetMailbox(LiveServer& server, const std::string& session, v1::GetMailboxResponse& response) {
  grpc::ClientContext context;
  Authorize(context, "", session);
  return v1::MailboxService::NewStub(server.Channel())->GetMailbox(&context, {}, &response);
}

TEST_CASE("A device that created the mailbox signs in and reads it") {
  Account account("sign_in");
  v1::CreateSessionResponse signed_in;
  REQUIRE(account.device->CreateSession(account.device->Prove(account.device->NewChallenge()), signed_in).ok());
  const int64_t now_ms = SystemClock().NowMs();
  CHECK(signed_in.expire_ms() > now_ms + limits::kSessionTtlMs - 60'000);
  CHECK(signed_in.expire_ms() <= now_ms + limits::kSessionTtlMs);
  CHECK(signed_in.head().generation() == 1);
  v1::GetMailboxResponse mailbox;
  REQUIRE(GetMailbox(account.server, account.device->SignIn(), mailbox).ok());
  CHECK(mailbox.mailbox_id() == account.device->mailbox_id.str());
  CHECK(mailbox.current_epoch_id() == account.device->epoch_id.value());
  CHECK(mailbox.state() == v1::MAILBOX_STATE_ACTIVE);
}

TEST_CASE("A session outlives the server's restart, as any node's would") {
  Account account("session_restart");
  const std::string session = account.device->SignIn();
  account.server.Stop();
  account.server.Start();
  v1::GetMailboxResponse mailbox;
  CHECK(GetMailbox(account.server, session, mailbox).ok());
}

TEST_CASE("A proof over anything but the truth is refused") {
  Account account("proof");
  const ApiDevice& device = *account.device;
  using Statement = crypto::SessionStatement;
  const std::pair<const char*, std::function<void(Statement&)>> rows[] = {
      {"another server", [](Statement& s) { s.server_name = "elsewhere"; }},
      {"another account", [](Statement& s) { s.account_id = "bob"; }},
      {"another mailbox", [](Statement& s) { s.mailbox_id = MailboxId(); }},
      {"another device", [](Statement& s) { s.device_id = DeviceId(s.device_id.value() ^ 1); }},
      {"another kind", [](Statement& s) { s.kind = crypto::SubjectKind::kVirtual; }},
      {"another key", [](Statement& s) { s.device_key = crypto::PublicKey(); }},
      {"another account token", [](Statement& s) { s.account_token_hash = crypto::Sha256("x"); }},
      {"another challenge", [&](Statement& s) { s.challenge = device.NewChallenge(); }},
      {"another client random", [](Statement& s) { s.client_random = crypto::ClientRandom(); }},
  };
  for (const auto& [name, spoil] : rows) {
    INFO(name);
    v1::CreateSessionResponse response;
    const std::string challenge = device.NewChallenge();
    CHECK(ReasonOfCall(device.CreateSession(device.Prove(challenge, spoil), response)) == Reason::kProofInvalid);
    CHECK(response.session_token().empty());
    CHECK(device.CreateSession(device.Prove(challenge), response).ok());  // control: the same challenge, unspoilt
  }
}

TEST_CASE("A proof is good once, and only for the device that asked for the challenge") {
  Account account("replay");
  const ApiDevice& device = *account.device;
  const v1::CreateSessionRequest proof = device.Prove(device.NewChallenge());
  v1::CreateSessionResponse response;
  REQUIRE(device.CreateSession(proof, response).ok());
  CHECK(ReasonOfCall(device.CreateSession(proof, response)) == Reason::kProofInvalid);

  ApiDevice stranger(account.server.Channel(), std::string(kDevServerName), "bob", account.server.Token("bob"),
                     account.server.random());
  stranger.CreateMailbox();
  CHECK(ReasonOfCall(device.CreateSession(device.Prove(stranger.NewChallenge()), response)) == Reason::kProofInvalid);
  // Alice's own proof with Bob's token: Bob's mailbox has no such device.
  grpc::ClientContext context;
  Authorize(context, stranger.token);
  const auto stub = v1::MailboxService::NewStub(account.server.Channel());
  const grpc::Status as_bob = stub->CreateSession(&context, device.Prove(device.NewChallenge()), &response);
  CHECK(ReasonOfCall(as_bob) == Reason::kDeviceNotFound);
}

using Call = std::function<grpc::Status(grpc::ClientContext*)>;

struct Row {
  const char* name;
  enum { kToken, kSession, kEither } needs;
  Call call;
};

template <typename Service, typename Request, typename Response>
Call Empty(std::shared_ptr<grpc::Channel> channel,
           grpc::Status (Service::Stub::*method)(grpc::ClientContext*, const Request&, Response*)) {
  return [channel, method](grpc::ClientContext* context) {
    Response response;
    return ((*Service::NewStub(channel)).*method)(context, Request(), &response);
  };
}

std::vector<Row> EveryCall(const std::shared_ptr<grpc::Channel>& c) {
  using M = v1::MailboxService;
  using D = v1::DeviceService;
  using E = v1::EpochService;
  using H = v1::HistoryService;
  return {{"CreateChallenge", Row::kToken, Empty<M>(c, &M::Stub::CreateChallenge)},
          {"CreateSession", Row::kToken, Empty<M>(c, &M::Stub::CreateSession)},
          {"CreateMailbox", Row::kToken, Empty<M>(c, &M::Stub::CreateMailbox)},
          {"GetMailbox", Row::kSession, Empty<M>(c, &M::Stub::GetMailbox)},
          {"DeleteMailbox", Row::kSession, Empty<M>(c, &M::Stub::DeleteMailbox)},
          {"ListLog", Row::kSession, Empty<M>(c, &M::Stub::ListLog)},
          {"ListDevices", Row::kSession, Empty<D>(c, &D::Stub::ListDevices)},
          {"RegisterDevice", Row::kToken, Empty<D>(c, &D::Stub::RegisterDevice)},
          {"CreateVirtualDevice", Row::kSession, Empty<D>(c, &D::Stub::CreateVirtualDevice)},
          {"GetVirtualDevice", Row::kToken, Empty<D>(c, &D::Stub::GetVirtualDevice)},
          {"ListVirtualDeviceChecks", Row::kToken, Empty<D>(c, &D::Stub::ListVirtualDeviceChecks)},
          {"OpenEpoch", Row::kSession, Empty<E>(c, &E::Stub::OpenEpoch)},
          {"ListEpochs", Row::kSession, Empty<E>(c, &E::Stub::ListEpochs)},
          {"SaveMessages", Row::kSession, Empty<H>(c, &H::Stub::SaveMessages)},
          {"DeleteMessages", Row::kSession, Empty<H>(c, &H::Stub::DeleteMessages)},
          {"BatchGetMessages", Row::kSession, Empty<H>(c, &H::Stub::BatchGetMessages)},
          {"ListMessages", Row::kSession, Empty<H>(c, &H::Stub::ListMessages)},
          {"ListThreads", Row::kSession, Empty<H>(c, &H::Stub::ListThreads)}};
}

TEST_CASE("Each call asks for the credential of the API's table, and takes no other for it") {
  Account account("credentials");
  const std::string token = account.device->token, session = account.device->SignIn();
  for (const Row& row : EveryCall(account.server.Channel())) {
    INFO(row.name);
    const auto reason_with = [&](const std::string& account_token, const std::string& session_text) {
      grpc::ClientContext context;
      Authorize(context, account_token, session_text);
      return ReasonOfCall(row.call(&context));
    };
    const bool by_token = row.needs == Row::kToken;
    CHECK(reason_with("", "") == Reason::kTokenInvalid);
    CHECK(reason_with(by_token ? "" : token, by_token ? session : "") == Reason::kTokenInvalid);
    CHECK(reason_with(by_token ? token + "x" : "", by_token ? "" : session + "AAAA") == Reason::kTokenInvalid);
    CHECK(reason_with(by_token ? token : "", by_token ? "" : session) != Reason::kTokenInvalid);  // control
  }
}

TEST_CASE("A credential that comes twice is none") {
  Account account("twice");
  const std::string session = account.device->SignIn();
  const auto stub = v1::MailboxService::NewStub(account.server.Channel());
  v1::GetMailboxResponse response;
  grpc::ClientContext context;
  Authorize(context, "", session);
  Authorize(context, "", session);
  CHECK(ReasonOfCall(stub->GetMailbox(&context, {}, &response)) == Reason::kTokenInvalid);
  CHECK(GetMailbox(account.server, session, response).ok());  // control
}

TEST_CASE("Whoever guesses recovery codes is slowed down, whoever knows one isn't told apart") {
  Account account("guesses");
  const auto stub = v1::DeviceService::NewStub(account.server.Channel());
  const auto guess = [&](const std::string& token) {
    grpc::ClientContext context;
    Authorize(context, token);
    v1::GetVirtualDeviceRequest request;
    v1::GetVirtualDeviceResponse response;
    request.set_virtual_device_id(std::string(16, 'x'));
    return FromGrpc(stub->GetVirtualDevice(&context, request, &response));
  };
  for (uint32_t i = 0; i < limits::kVirtualDeviceMisses; ++i) {
    CHECK(ReasonOf(guess(account.device->token)) == Reason::kVirtualDeviceNotFound);
  }
  const absl::Status slowed = guess(account.device->token);
  CHECK(ReasonOf(slowed) == Reason::kRateLimited);
  CHECK(std::stoll(DetailsOf(slowed).at("retry_after_ms")) > 0);
  CHECK(ReasonOf(guess(account.server.Token("bob"))) == Reason::kVirtualDeviceNotFound);  // another account's own count
}

TEST_CASE("The longest account token fits beside a session, and a longer one is refused by name") {
  Account account("longest");
  const std::string session = account.device->SignIn();
  const auto stub = v1::MailboxService::NewStub(account.server.Channel());
  const auto challenge_with = [&](std::size_t size) {
    grpc::ClientContext context;
    Authorize(context, std::string(size, 'x'), session);
    v1::CreateChallengeResponse response;
    return FromGrpc(stub->CreateChallenge(&context, {}, &response));
  };
  CHECK(std::string(challenge_with(limits::kAccountTokenBytes).message()) == "account token: not three parts");
  CHECK(std::string(challenge_with(limits::kAccountTokenBytes + 1).message()) == "account token: too long");
}

TEST_CASE("A full run leaves no account, id or token in the log") {
  Account account("quiet_log");
  const std::string session = account.device->SignIn();
  v1::GetMailboxResponse mailbox;
  REQUIRE(GetMailbox(account.server, session, mailbox).ok());
  v1::CreateSessionResponse response;
  CHECK_FALSE(account.device->CreateSession({}, response).ok());
  const std::string token = account.device->token;
  account.server.Stop();
  const std::string log = account.server.Log();
  for (const char* event : {"ev=create_mailbox", "ev=create_session", "ev=get_mailbox", "code=OK", "why=", "mb=p"}) {
    CHECK(log.find(event) != std::string::npos);  // control: these calls were logged
  }
  const std::string forbidden[] = {"alice",
                                   token,
                                   token.substr(token.rfind('.')),
                                   session,
                                   ToHex(account.device->mailbox_id.view()),
                                   account.device->mailbox_id.str(),
                                   std::to_string(account.device->device_id.value()),
                                   std::to_string(account.device->epoch_id.value()),
                                   "127.0.0.1"};
  for (const std::string& text : forbidden) CHECK(log.find(text) == std::string::npos);
}

}  // namespace
}  // namespace labyrinth::service
