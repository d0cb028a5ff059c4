#include "tests/e2e/test_server.h"

#include <fmt/format.h>
#include <spdlog/sinks/null_sink.h>

#include <cstdio>
#include <cstdlib>

#include "service/config/server_config.h"

namespace labyrinth::e2e {
namespace {

// Tests can't go on without these.
void Require(const absl::Status& status, const char* what) {
  if (status.ok()) return;
  fmt::print(stderr, "{}: {}\n", what, std::string(status.message()));
  std::abort();
}

}  // namespace

TestServer::TestServer(uint64_t seed) : random_(seed) { Start(); }

void TestServer::Start() {
  service::ServerConfig config;
  config.dev = true;
  service::ApplyDevDefaults(config);
  config.listen = "127.0.0.1:0";
  config.data_dir = data_dir();
  config.revocation_journal = journal();
  config.block_cache_mib = 8;
  config.drain_deadline_ms = 1'000;
  auto environment =
      service::Environment::Start(config, clock, random_, std::make_shared<spdlog::sinks::null_sink_mt>());
  Require(environment.status(), "Environment::Start");
  environment_ = *std::move(environment);
}

void TestServer::Restart() {
  Stop();
  Start();
}

std::string TestServer::endpoint() const { return fmt::format("127.0.0.1:{}", environment_->port()); }

TestDevice::TestDevice(TestServer& server, uint64_t seed, const std::string& account)
    : server_(server), account_(account), random_(std::make_unique<crypto::SeededRandom>(seed)) {
  Open();
}

client::ClientOptions TestDevice::Options() const {
  client::ClientOptions options;
  options.endpoint = server_.endpoint();
  options.server_name = std::string(service::kDevServerName);
  options.account_id = account_;
  options.use_dev_issuer = true;
  options.clock = &server_.clock;
  options.random = random_.get();
  return options;
}

void TestDevice::Open() {
  client_.reset();
  auto client = client::LabyrinthClient::Open(profile(), Options());
  Require(client.status(), "LabyrinthClient::Open");
  client_ = *std::move(client);
}

}  // namespace labyrinth::e2e
