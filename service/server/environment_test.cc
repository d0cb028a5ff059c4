// The server's life: how it starts, refuses to, and stops.
#include "service/server/environment.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "absl/synchronization/notification.h"
#include "service/server/testing/live_server.h"

namespace labyrinth::service {
namespace {

using testing::DevConfig;
using testing::FreshDir;
using testing::LiveServer;

std::string TextOf(const absl::Status& status) { return std::string(status.message()); }

bool IsOneLine(const std::string& text) { return !text.empty() && text.find('\n') == std::string::npos; }

// What grpc.health.v1.Health/Check says of a service: its proto isn't packaged, so the two messages of one field each
// are written by hand. "\x08\x01" is SERVING; a failed call gives its code's name instead.
std::string HealthOf(const std::shared_ptr<grpc::Channel>& channel, const std::string& service) {
  const std::string request =
      service.empty() ? "" : "\x0a" + std::string(1, static_cast<char>(service.size())) + service;
  const grpc::Slice slice(request);
  grpc::ByteBuffer sent(&slice, 1), received;
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  absl::Notification done;
  grpc::Status status;
  stub.UnaryCall(&context, "/grpc.health.v1.Health/Check", {}, &sent, &received, [&](grpc::Status result) {
    status = std::move(result);
    done.Notify();
  });
  done.WaitForNotification();
  if (!status.ok()) return status.error_code() == grpc::StatusCode::UNAVAILABLE ? "UNAVAILABLE" : "another error";
  grpc::Slice reply;
  REQUIRE(received.DumpToSingleSlice(&reply).ok());
  return std::string(reinterpret_cast<const char*>(reply.begin()), reply.size());
}

TEST_CASE("A development server starts with a data directory alone, is healthy, and drains") {
  LiveServer server(DevConfig(FreshDir("start") + "/data"));
  server.Start();
  CHECK(server.environment().port() != 0);
  CHECK(HealthOf(server.Channel(), "") == "\x08\x01");
  CHECK(HealthOf(server.Channel(), "labyrinth.v1") == "\x08\x01");
  CHECK(HealthOf(server.Channel(), "something.else") == "another error");  // control
  const auto channel = server.Channel();
  server.environment().Drain();
  CHECK(HealthOf(channel, "") == "UNAVAILABLE");
  server.Stop();
  for (const char* event : {"ev=started", "ev=ready", "ev=draining", "ev=stopped"}) {
    CHECK(server.Log().find(event) != std::string::npos);
  }
  const auto mode = std::filesystem::status(server.config().data_dir).permissions();
  CHECK((mode & std::filesystem::perms::others_all) == std::filesystem::perms::none);
  CHECK((mode & std::filesystem::perms::group_all) == std::filesystem::perms::none);
}

TEST_CASE("The port file holds the port that was bound") {
  const std::string dir = FreshDir("port");
  ServerConfig config = DevConfig(dir + "/data");
  config.port_file = dir + "/port";
  LiveServer server(config);
  server.Start();
  std::ifstream in(config.port_file);
  int port = 0;
  in >> port;
  CHECK(port == server.environment().port());
  CHECK_FALSE(std::filesystem::exists(config.port_file + ".new"));
  server.Stop();

  config.port_file = dir + "/missing/port";
  LiveServer elsewhere(config);
  const absl::Status refused = elsewhere.TryStart();
  CHECK(TextOf(refused).find(config.port_file) != std::string::npos);
  CHECK(IsOneLine(TextOf(refused)));
}

TEST_CASE("A start that can't be is refused in one line naming the cause") {
  const std::string dir = FreshDir("refused");
  LiveServer running(DevConfig(dir + "/running"));
  running.Start();

  SECTION("the port is taken") {
    ServerConfig config = DevConfig(dir + "/other");
    config.listen = running.endpoint();
    LiveServer server(config);
    const std::string text = TextOf(server.TryStart());
    CHECK(text == "listen: " + running.endpoint() + ": Address already in use");
  }
  SECTION("an address of another machine") {
    ServerConfig config = DevConfig(dir + "/other");
    config.dev = true;
    config.listen = "192.0.2.1:0";
    LiveServer server(config);
    const std::string text = TextOf(server.TryStart());
    CHECK(text == "listen: 192.0.2.1:0: Cannot assign requested address");
  }
  SECTION("the store is open elsewhere") {
    LiveServer server(DevConfig(dir + "/running"));
    const std::string text = TextOf(server.TryStart());
    CHECK(text.find(dir + "/running") != std::string::npos);
    CHECK(IsOneLine(text));
  }
  SECTION("the data directory is a file") {
    std::ofstream(dir + "/file") << "x";
    LiveServer server(DevConfig(dir + "/file"));
    CHECK(TextOf(server.TryStart()) == "data_dir: " + dir + "/file: is not a directory");
  }
  SECTION("the data directory's parent isn't there") {
    LiveServer server(DevConfig(dir + "/none/data"));
    CHECK(TextOf(server.TryStart()).find(dir + "/none/data") != std::string::npos);
  }
  SECTION("another server's store") {
    running.Stop();
    ServerConfig config = DevConfig(dir + "/running");
    config.server_name = "other";
    LiveServer server(config);
    const std::string text = TextOf(server.TryStart());
    CHECK(text.find("server_name \"labyrinth.dev\"") != std::string::npos);
    CHECK(IsOneLine(text));
    running.Start();  // control: unharmed
  }
  SECTION("a development store without --dev") {
    running.Stop();
    ServerConfig config = DevConfig(dir + "/running");
    config.dev = false;
    LiveServer server(config);
    CHECK(TextOf(server.TryStart()).find("development store") != std::string::npos);
    running.Start();
  }
  SECTION("the issuer's key is open to others") {
    running.Stop();
    std::filesystem::permissions(dir + "/running/dev_issuer.key", std::filesystem::perms::others_read,
                                 std::filesystem::perm_options::add);
    LiveServer server(DevConfig(dir + "/running"));
    CHECK(TextOf(server.TryStart()).find("dev_issuer.key") != std::string::npos);
  }
}

}  // namespace
}  // namespace labyrinth::service
