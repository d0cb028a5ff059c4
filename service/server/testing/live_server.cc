#include "service/server/testing/live_server.h"

#include <fmt/format.h>
#include <spdlog/sinks/base_sink.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <mutex>

#include "absl/synchronization/mutex.h"
#include "service/server/testing/dev_token.h"

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

// The log as text that can be read while it is written.
class LiveServer::MemorySink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  std::string Text() const {
    const absl::MutexLock lock(&mutex_);
    return text_;
  }
  bool Await(const std::string& text, absl::Duration timeout) const {
    const absl::MutexLock lock(&mutex_);
    const auto found = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return text_.find(text) != std::string::npos; };
    return mutex_.AwaitWithTimeout(absl::Condition(&found), timeout);
  }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    const absl::MutexLock lock(&mutex_);
    text_.append(line.data(), line.size());
  }
  void flush_() override {}

  mutable absl::Mutex mutex_;
  std::string text_ ABSL_GUARDED_BY(mutex_);
};

LiveServer::LiveServer(ServerConfig config, const Clock* clock)
    : config_(std::move(config)),
      clock_(clock != nullptr ? *clock : system_clock_),
      log_(std::make_shared<MemorySink>()) {}

std::string LiveServer::Log() const { return log_->Text(); }

bool LiveServer::AwaitLog(const std::string& text, absl::Duration timeout) const { return log_->Await(text, timeout); }

absl::Status LiveServer::TryStart() {
  auto started = Environment::Start(config_, clock_, random_, log_);
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

std::string LiveServer::Token(const std::string& account) const { return DevToken(Channel(), account); }

}  // namespace labyrinth::service::testing
