#include "service/server/testing/live_server.h"

#include <fmt/format.h>
#include <spdlog/sinks/ostream_sink.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>

#include "common/rpc_status.h"
#include "proto/labyrinth/dev/v1/dev_issuer.grpc.pb.h"

namespace labyrinth::service::testing {

std::string FreshDir(const std::string& name) {
  const char* root = std::getenv("TEST_TMPDIR");
  const std::filesystem::path dir = std::filesystem::path(root != nullptr ? root : "/tmp/labyrinth_test") / name;
  std::filesystem::remove_all(dir);
  std::filesystem::create_directories(dir);
  return dir.string();
}

ServerConfig DevConfig(const std::string& data_dir) {
  ServerConfig config;
  config.dev = true;
  config.data_dir = data_dir;
  config.listen = "127.0.0.1:0";
  config.block_cache_mib = 16;
  config.drain_deadline_ms = 5000;
  ApplyDevDefaults(config);
  return config;
}

LiveServer::LiveServer(ServerConfig config, const Clock* clock)
    : config_(std::move(config)), clock_(clock != nullptr ? *clock : system_clock_) {}

absl::Status LiveServer::TryStart() {
  auto started = Environment::Start(config_, clock_, random_, std::make_shared<spdlog::sinks::ostream_sink_mt>(log_));
  if (!started.ok()) return started.status();
  environment_ = *std::move(started);
  return absl::OkStatus();
}

void LiveServer::Start() {
  const absl::Status status = TryStart();
  INFO(status.ToString());
  REQUIRE(status.ok());
}

std::string LiveServer::endpoint() const { return fmt::format("127.0.0.1:{}", environment_->port()); }

std::shared_ptr<grpc::Channel> LiveServer::Channel() const {
  return grpc::CreateChannel(endpoint(), grpc::InsecureChannelCredentials());
}

std::string LiveServer::Token(const std::string& account) const {
  const auto stub = dev::v1::DevIssuerService::NewStub(Channel());
  grpc::ClientContext context;
  dev::v1::IssueTokenRequest request;
  dev::v1::IssueTokenResponse response;
  request.set_account(account);
  const grpc::Status status = stub->IssueToken(&context, request, &response);
  INFO(status.error_message());
  REQUIRE(status.ok());
  return response.token();
}

std::optional<Reason> ReasonOfCall(const grpc::Status& status) { return ReasonOf(FromGrpc(status)); }

}  // namespace labyrinth::service::testing
