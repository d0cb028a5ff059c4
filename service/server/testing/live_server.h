// A whole server in the test's own process: real listener, real store, on a free loopback port. testonly.
#ifndef LABYRINTH_SERVICE_SERVER_TESTING_LIVE_SERVER_H_
#define LABYRINTH_SERVICE_SERVER_TESTING_LIVE_SERVER_H_

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "common/clock.h"
#include "crypto/primitives/seeded_random.h"
#include "service/config/server_config.h"
#include "service/server/environment.h"
#include "service/server/testing/api_server.h"

namespace labyrinth::service::testing {

// A fresh directory below the test's own.
std::string FreshDir(const std::string& name);

// What --dev --data-dir `data_dir` --listen 127.0.0.1:0 means.
ServerConfig DevConfig(const std::string& data_dir);

// Thread-compatible.
class LiveServer final : public ApiServer {
 public:
  // `clock` (the system's if null) outlives the server.
  explicit LiveServer(ServerConfig config, const Clock* clock = nullptr);

  // The test fails unless it starts.
  void Start();
  // What Start came to; OK leaves it running.
  absl::Status TryStart();
  void Stop() { environment_.reset(); }

  const ServerConfig& config() const { return config_; }
  Environment& environment() { return *environment_; }
  crypto::SeededRandom& random() override { return random_; }
  std::string endpoint() const;
  std::shared_ptr<grpc::Channel> Channel() const override;
  // Of the development issuer.
  std::string Token(const std::string& account) const override;
  std::string server_name() const override { return config_.server_name; }
  // Everything logged so far.
  std::string Log() const;
  // Waits until `text` was logged; false if it wasn't in that time.
  bool AwaitLog(const std::string& text, absl::Duration timeout = absl::Seconds(30)) const;

 private:
  const ServerConfig config_;
  const SystemClock system_clock_;
  const Clock& clock_;
  crypto::SeededRandom random_{1};
  class MemorySink;
  const std::shared_ptr<MemorySink> log_;
  std::unique_ptr<Environment> environment_;
};

}  // namespace labyrinth::service::testing

#endif  // LABYRINTH_SERVICE_SERVER_TESTING_LIVE_SERVER_H_
