// A production server: TLS, and tokens of a product's own issuer.
#include <grpcpp/grpcpp.h>
#include <grpcpp/security/credentials.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "common/errors.h"
#include "common/rpc_status.h"
#include "proto/labyrinth/dev/v1/dev_issuer.grpc.pb.h"
#include "proto/labyrinth/v1/device.grpc.pb.h"
#include "service/auth/jwt_testing.h"
#include "service/auth/tls_testing.h"
#include "service/server/testing/api_device.h"
#include "service/server/testing/live_server.h"

namespace labyrinth::service {
namespace {

using testing::ApiDevice;
using testing::Authorize;
using testing::FreshDir;
using testing::LiveServer;
using testing::ReasonOfCall;

constexpr int64_t kNotAfterS = 4'000'000'000;

std::string Write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::trunc) << text;
  std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  return path;
}

struct Production {
  explicit Production(const std::string& name) : dir(FreshDir(name)) {
    config.listen = "127.0.0.1:0";
    config.data_dir = dir + "/data";
    config.server_name = "chat.test";
    config.block_cache_mib = 16;
    config.accounts.issuer = "https://issuer.test";
    config.accounts.audience = "labyrinth";
    const nlohmann::json keys = {{"keys", {testing::Ed25519Jwk(), testing::P256Jwk(), testing::RsaJwk()}}};
    config.accounts.jwks_file = Write(dir + "/jwks.json", keys.dump());
    config.tls.cert_file = Write(dir + "/cert.pem", pair.cert_pem());
    config.tls.key_file = Write(dir + "/key.pem", pair.KeyPem());
  }
  std::shared_ptr<grpc::Channel> Channel(const LiveServer& server) const {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = pair.cert_pem();
    grpc::ChannelArguments arguments;
    arguments.SetSslTargetNameOverride("localhost");
    return grpc::CreateCustomChannel(server.endpoint(), grpc::SslCredentials(options), arguments);
  }
  // For "account-1".
  static testing::Draft Token(const std::string& algorithm = "EdDSA") {
    return testing::GoodDraft(algorithm, SystemClock().NowMs());
  }
  const std::string dir;
  const testing::SelfSigned pair{kNotAfterS};
  ServerConfig config;
};

TEST_CASE("Over TLS, with tokens of each algorithm, an account gets in; in plaintext nobody does") {
  Production production("production");
  REQUIRE(Validate(production.config).ok());
  LiveServer server(production.config);
  server.Start();
  const auto channel = production.Channel(server);
  ApiDevice device(channel, "chat.test", "account-1", production.Token().Token(), server.random());
  device.CreateMailbox();
  for (const char* algorithm : {"EdDSA", "ES256", "RS256"}) {
    INFO(algorithm);
    device.token = production.Token(algorithm).Token();
    CHECK_FALSE(device.SignIn().empty());
  }

  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
  Authorize(context, device.token);
  v1::CreateChallengeRequest request;
  v1::CreateChallengeResponse response;
  request.set_device_id(1);
  const auto plaintext = v1::MailboxService::NewStub(server.Channel());
  CHECK_FALSE(plaintext->CreateChallenge(&context, request, &response).ok());
  CHECK(response.challenge().empty());
}

TEST_CASE("A production server issues no tokens") {
  Production production("no_issuer");
  LiveServer server(production.config);
  server.Start();
  const auto stub = dev::v1::DevIssuerService::NewStub(production.Channel(server));
  grpc::ClientContext context;
  dev::v1::IssueTokenRequest request;
  dev::v1::IssueTokenResponse response;
  request.set_account("alice");
  CHECK(stub->IssueToken(&context, request, &response).error_code() == grpc::StatusCode::UNIMPLEMENTED);
  CHECK_FALSE(std::filesystem::exists(production.config.data_dir + "/dev_issuer.key"));
}

TEST_CASE("Removing a device without a signed entry needs a sign-in of the last five minutes") {
  Production production("fresh");
  LiveServer server(production.config);
  server.Start();
  const auto channel = production.Channel(server);
  ApiDevice device(channel, "chat.test", "account-1", production.Token().Token(), server.random());
  device.CreateMailbox();
  const auto stub = v1::DeviceService::NewStub(channel);
  const auto revoke_with = [&](const testing::Draft& token) {
    grpc::ClientContext context;
    Authorize(context, token.Token());
    v1::RevokeDeviceRequest request;
    v1::RevokeDeviceResponse response;
    request.set_request_id(server.random().Bytes(16));
    request.set_device_id(device.device_id.value());
    return stub->RevokeDevice(&context, request, &response);
  };
  testing::Draft stale = production.Token(), unknown = production.Token();
  stale.claims["auth_time"] = SystemClock().NowMs() / 1000 - 301;
  unknown.claims.erase("auth_time");
  CHECK(ReasonOfCall(revoke_with(stale)) == Reason::kTokenInvalid);
  CHECK(ReasonOfCall(revoke_with(unknown)) == Reason::kTokenInvalid);
  CHECK(revoke_with(production.Token()).ok());  // control
}

TEST_CASE("Credentials that can't be served stop the start") {
  const auto refusal = [](const ServerConfig& config) {
    LiveServer server(config);
    return std::string(server.TryStart().message());
  };
  Production production("bad_credentials");
  const testing::SelfSigned other(kNotAfterS), expired(1'000'000'000);
  ServerConfig config = production.config;
  config.tls.key_file = Write(production.dir + "/other.pem", other.KeyPem());
  CHECK(refusal(config).find("isn't the key of") != std::string::npos);
  config = production.config;
  config.tls.cert_file = Write(production.dir + "/expired.pem", expired.cert_pem());
  config.tls.key_file = Write(production.dir + "/expired_key.pem", expired.KeyPem());
  CHECK(refusal(config).find("expired") != std::string::npos);
  config = production.config;
  config.accounts.jwks_file = Write(production.dir + "/empty.json", "{\"keys\": []}");
  CHECK(refusal(config).find("empty.json: no keys") != std::string::npos);
  CHECK(refusal(production.config).empty());  // control
}

}  // namespace
}  // namespace labyrinth::service
