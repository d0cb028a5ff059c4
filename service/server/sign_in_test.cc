// Sign-in: what tests/conformance/api doesn't ask of every deployment.
#include <grpcpp/grpcpp.h>

#include <catch2/catch.hpp>

#include "common/errors.h"
#include "common/limits.h"
#include "common/rpc_status.h"
#include "proto/labyrinth/v1/mailbox.grpc.pb.h"
#include "service/server/testing/api_device.h"
#include "service/server/testing/live_server.h"

namespace labyrinth::service {
namespace {

using testing::ApiDevice;
using testing::Authorize;
using testing::DevConfig;
using testing::FreshDir;
using testing::LiveServer;

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

TEST_CASE("A session outlives the server's restart, as any node's would") {
  Account account("session_restart");
  const std::string session = account.device->SignIn();
  account.server.Stop();
  account.server.Start();
  v1::GetMailboxResponse mailbox;
  CHECK(GetMailbox(account.server, session, mailbox).ok());
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
