// The cases against a server in the test's own process, whose clock the test moves.
#include <atomic>

#include "service/server/testing/live_server.h"
#include "tests/conformance/api/coverage.h"
#include "tests/conformance/api/under_test.h"

namespace labyrinth::conformance {
namespace {

using service::testing::DevConfig;
using service::testing::FreshDir;
using service::testing::LiveServer;

// The machine's, and how far it was put forward: engines judge deadlines by the machine's clock, so this one goes on.
class ShiftedClock final : public Clock {
 public:
  int64_t NowMs() const override { return system_.NowMs() + shift_ms_; }
  void Advance(int64_t ms) { shift_ms_ += ms; }

 private:
  const SystemClock system_{};  // clang asks for the braces
  std::atomic<int64_t> shift_ms_ = 0;
};

// Quotas that can be filled, above what every other case needs.
service::ServerConfig SmallConfig() {
  service::ServerConfig config = DevConfig(FreshDir("conformance"));
  config.quota.bytes = 8 << 20;
  config.quota.messages = 300;
  return config;
}

class LocalServer final : public service::testing::ApiServer, public Hands {
 public:
  LocalServer() : server_(SmallConfig(), &clock_) {}

  std::shared_ptr<grpc::Channel> Channel() const override {
    return NotedChannel(server_.endpoint(), grpc::InsecureChannelCredentials());
  }
  std::string Token(const std::string& account) const override { return server_.Token(account); }
  std::string server_name() const override { return server_.server_name(); }
  RandomSource& random() override { return server_.random(); }

  void Advance(int64_t ms) override { clock_.Advance(ms); }
  void Stop() override { server_.Stop(); }
  void Start() override { server_.Start(); }
  absl::Status TryStart() { return server_.TryStart(); }

 private:
  ShiftedClock clock_;
  LiveServer server_;
};

}  // namespace
}  // namespace labyrinth::conformance

int main(int argc, char** argv) {
  labyrinth::conformance::LocalServer server;
  if (const absl::Status status = server.TryStart(); !status.ok()) {
    std::fprintf(stderr, "%s\n", status.ToString().c_str());
    return 1;
  }
  return labyrinth::conformance::RunConformance({server, &server}, argc, argv);
}
