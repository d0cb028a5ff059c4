// The server's life: how it starts, refuses to, and stops.
#include "service/server/environment.h"

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "absl/synchronization/notification.h"
#include "common/executor.h"
#include "common/limits.h"
#include "crypto/primitives/seeded_random.h"
#include "service/attachments/attachments.h"
#include "service/server/testing/live_server.h"
#include "storage/rocksdb/rocksdb_engine.h"

namespace labyrinth::service {
namespace {

using testing::DevConfig;
using testing::FreshDir;
using testing::LiveServer;

std::string TextOf(const absl::Status& status) { return std::string(status.message()); }

bool IsOneLine(const std::string& text) { return !text.empty() && text.find('\n') == std::string::npos; }

// A call of a service whose proto isn't at hand, waited for. `response`: its bytes.
grpc::Status CallByName(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                        const std::string& request, std::string& response) {
  const grpc::Slice slice(request);
  grpc::ByteBuffer sent(&slice, 1), received;
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  absl::Notification done;
  grpc::Status status;
  stub.UnaryCall(&context, method, {}, &sent, &received, [&](grpc::Status result) {
    status = std::move(result);
    done.Notify();
  });
  done.WaitForNotification();
  if (!status.ok()) return status;
  grpc::Slice reply;
  REQUIRE(received.DumpToSingleSlice(&reply).ok());
  response.assign(reinterpret_cast<const char*>(reply.begin()), reply.size());
  return status;
}

// What grpc.health.v1.Health/Check says of a service: its proto isn't packaged, so the two messages of one field each
// are written by hand. "\x08\x01" is SERVING; a failed call gives its code's name instead.
std::string HealthOf(const std::shared_ptr<grpc::Channel>& channel, const std::string& service) {
  const std::string request =
      service.empty() ? "" : "\x0a" + std::string(1, static_cast<char>(service.size())) + service;
  std::string response;
  const grpc::Status status = CallByName(channel, "/grpc.health.v1.Health/Check", request, response);
  if (status.ok()) return response;
  return status.error_code() == grpc::StatusCode::UNAVAILABLE ? "UNAVAILABLE" : "another error";
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

// Whatever links gRPC's reflection library serves it, unasked, on threads that poll beside the server's own.
TEST_CASE("The public port doesn't tell which calls there are") {
  LiveServer server(DevConfig(FreshDir("reflection")));
  server.Start();
  std::string response;
  const grpc::Status status =
      CallByName(server.Channel(), "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", "", response);
  CHECK(status.error_code() == grpc::StatusCode::UNIMPLEMENTED);
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

// The store of a server that isn't running.
struct StoppedStore {
  explicit StoppedStore(const std::string& data_dir)
      : engine(*storage::RocksdbEngine::Open(StorePath(data_dir), {})),
        parts(*engine, engine->blobs(), workers, crypto::Secret::CopyOf(std::string(32, 'k')), 1, clock, random) {}

  // Has one answer given through `ask`'s callback.
  template <typename Ask>
  auto Answer(Ask ask) {
    absl::Notification done;
    absl::StatusOr<uint64_t> answer;
    ask([&](absl::StatusOr<uint64_t> result) {
      answer = std::move(result);
      done.Notify();
    });
    done.WaitForNotification();
    return answer;
  }
  uint64_t StoredBytes(const storage::AttachmentBlob& blob) {
    const auto bytes = Answer([&](auto done) { engine->blobs().Stat(blob, absl::InfiniteFuture(), std::move(done)); });
    REQUIRE(bytes.ok());
    return *bytes;
  }

  SystemClock clock;
  crypto::SeededRandom random{3};
  ThreadPool workers{2};
  std::unique_ptr<storage::RocksdbEngine> engine;
  attachments::Attachments parts;
};

TEST_CASE("An upload that nobody attached is swept when its time has come, by the running server") {
  const std::string dir = FreshDir("wake");
  const auto blob = *storage::AttachmentBlob::From(std::string(32, 'b'));
  ManualClock clock(SystemClock().NowMs());
  const int64_t deadline_ms = clock.NowMs() + limits::kUploadTicketTtlMs;
  const auto abandon = [&](const std::string& data_dir) {
    StoppedStore store(data_dir);
    const auto create = [&](attachments::Rows& rows) { return attachments::CreateBlob(rows, blob, 5, deadline_ms); };
    const auto created = store.Answer([&](auto done) {
      store.parts.store.Change(
          storage::attachment_keys::BlobPartition(blob), attachments::BlobKeys(blob), absl::InfiniteFuture(), create,
          [done](absl::Status status) { status.ok() ? done(uint64_t{0}) : done(std::move(status)); });
    });
    REQUIRE(created.ok());
    const auto put = store.Answer([&](auto done) {
      store.engine->blobs().PutChunk(blob, 0, "bytes", absl::InfiniteFuture(), [done](absl::Status status) {
        status.ok() ? done(uint64_t{0}) : done(std::move(status));
      });
    });
    REQUIRE(put.ok());
    CHECK(store.StoredBytes(blob) == 5);
  };
  LiveServer server(DevConfig(dir), &clock);
  server.Start();
  server.Stop();  // its keys are in the store now
  abandon(dir);
  server.Start();
  clock.Set(deadline_ms + attachments::kDayMs + limits::kAttachmentGraceMs);
  CHECK(server.AwaitLog("ev=wake code=OK n=1 failed=0"));
  server.Stop();
  CHECK(StoppedStore(dir).StoredBytes(blob) == 0);
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
