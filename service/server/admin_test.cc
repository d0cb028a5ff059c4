// The operator's sockets on a running server: who may call what, one task at a time, and a disk that fills up.
#include <fcntl.h>
#include <fmt/format.h>
#include <grpcpp/create_channel_posix.h>
#include <grpcpp/grpcpp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <string>

#include "common/errors.h"
#include "common/unix_socket.h"
#include "proto/labyrinth/v1/admin.grpc.pb.h"
#include "proto/labyrinth/v1/history.grpc.pb.h"
#include "service/server/testing/api_device.h"
#include "service/server/testing/live_server.h"
#include "storage/rocksdb/backup.h"

namespace labyrinth::service {
namespace {

using testing::ApiDevice;
using testing::Authorize;
using testing::DevConfig;
using testing::FreshDir;
using testing::LiveServer;
using testing::ReasonOfCall;

ServerConfig WithStatusSocket(ServerConfig config) {
  config.admin.status_socket = config.data_dir + "/status.sock";
  return config;
}

std::unique_ptr<v1::AdminService::Stub> StubAt(const std::string& path) {
  const auto fd = ConnectToUnixSocket(path);
  INFO(fd.status().ToString());
  REQUIRE(fd.ok());
  fcntl(*fd, F_SETFL, fcntl(*fd, F_GETFL) | O_NONBLOCK);
  return v1::AdminService::NewStub(grpc::CreateInsecureChannelFromFd("labyrinthd", *fd));
}

// Until `done`, or half a minute.
bool Await(const std::function<bool()>& done) {
  for (int i = 0; i < 300; ++i) {
    if (done()) return true;
    absl::SleepFor(absl::Milliseconds(100));
  }
  return false;
}

struct Fixture {
  explicit Fixture(ServerConfig config) : server(WithStatusSocket(std::move(config))) {
    server.Start();
    admin = StubAt(AdminSocketPath(server.config()));
    device = std::make_unique<ApiDevice>(server.Channel(), std::string(kDevServerName), "alice", server.Token("alice"),
                                         server.random());
    device->CreateMailbox();
    session = device->SignIn();
    history = v1::HistoryService::NewStub(server.Channel());
  }

  grpc::Status Save(const std::string& id) {
    v1::SaveMessagesRequest request;
    request.set_epoch_id(device->epoch_id.value());
    request.set_cipher_version(3);
    request.set_on_conflict(v1::ON_CONFLICT_KEEP_EXISTING);
    v1::Message& message = *request.add_messages();
    message.set_message_id(id);
    message.set_thread_id("t");
    message.set_timestamp_ms(1);
    message.set_ciphertext(std::string(50, 'c'));
    grpc::ClientContext context;
    Authorize(context, "", session);
    v1::SaveMessagesResponse response;
    return history->SaveMessages(&context, request, &response);
  }
  grpc::Status List(v1::ListMessagesResponse& response) {
    grpc::ClientContext context;
    Authorize(context, "", session);
    return history->ListMessages(&context, {}, &response);
  }
  v1::MailboxRef Alice() {
    v1::MailboxRef ref;
    ref.set_account_id("alice");
    return ref;
  }

  LiveServer server;
  std::unique_ptr<v1::AdminService::Stub> admin;
  std::unique_ptr<ApiDevice> device;
  std::string session;
  std::unique_ptr<v1::HistoryService::Stub> history;
};

TEST_CASE("The operator's calls are on their sockets alone, and the status socket changes nothing") {
  Fixture f(DevConfig(FreshDir("admin")));
  struct stat info;
  REQUIRE(stat(AdminSocketPath(f.server.config()).c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0660);

  const auto in_public = v1::AdminService::NewStub(f.server.Channel());
  {
    grpc::ClientContext context;
    v1::GetServerResponse response;
    CHECK(in_public->GetServer(&context, {}, &response).error_code() == grpc::StatusCode::UNIMPLEMENTED);
  }
  const auto status = StubAt(f.server.config().admin.status_socket);
  for (auto* stub : {f.admin.get(), status.get()}) {
    grpc::ClientContext context;
    v1::GetServerResponse response;
    REQUIRE(stub->GetServer(&context, {}, &response).ok());
    CHECK(response.ready());
    CHECK(response.server_name() == kDevServerName);
    CHECK(response.generation() == 1);
    grpc::ClientContext stats_context;
    v1::GetMailboxStatsRequest stats;
    *stats.mutable_mailbox() = f.Alice();
    v1::GetMailboxStatsResponse mailbox;
    REQUIRE(stub->GetMailboxStats(&stats_context, stats, &mailbox).ok());
    CHECK(mailbox.devices_size() == 1);
    CHECK(mailbox.mailbox_id().empty());
  }
  const auto denied = [&](const std::function<grpc::Status(grpc::ClientContext*)>& call) {
    grpc::ClientContext context;
    CHECK(call(&context).error_code() == grpc::StatusCode::PERMISSION_DENIED);
  };
  denied([&](auto* context) {
    v1::GetMailboxStatsRequest request;
    *request.mutable_mailbox() = f.Alice();
    request.set_reveal(true);
    v1::GetMailboxStatsResponse response;
    return status->GetMailboxStats(context, request, &response);
  });
  denied([&](auto* context) {
    v1::SetQuotaResponse response;
    return status->SetQuota(context, {}, &response);
  });
  denied([&](auto* context) {
    v1::AdminRevokeDeviceResponse response;
    return status->AdminRevokeDevice(context, {}, &response);
  });
  denied([&](auto* context) {
    v1::DrainResponse response;
    return status->Drain(context, {}, &response);
  });
  denied([&](auto* context) {
    v1::RunTaskRequest request;
    request.mutable_check();
    v1::RunTaskResponse response;
    const auto stream = status->RunTask(context, request);
    CHECK_FALSE(stream->Read(&response));
    return stream->Finish();
  });
}

TEST_CASE("Nothing of the operator's polls beside the threads that serve clients") {
  Fixture f(DevConfig(FreshDir("pollers")));
  grpc::ClientContext context;
  v1::GetServerResponse response;
  REQUIRE(f.admin->GetServer(&context, {}, &response).ok());
  int threads = 0;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    std::ifstream(thread.path() / "comm") >> name;
    CAPTURE(name);
    CHECK_FALSE(name.starts_with("grpcpp_sync"));  // as gRPC's synchronous servers call theirs
    ++threads;
  }
  CHECK(threads > 1);
}

TEST_CASE("One task runs at a time; a backup is one; a client that goes ends its own") {
  Fixture f(DevConfig(FreshDir("tasks")));
  const auto run = [&](const v1::RunTaskRequest& request) {
    grpc::ClientContext context;
    v1::RunTaskResponse response;
    const auto stream = f.admin->RunTask(&context, request);
    while (stream->Read(&response)) {
    }
    return stream->Finish();
  };
  CHECK(ReasonOfCall(run({})) == Reason::kInvalidField);
  v1::RunTaskRequest fast;
  fast.mutable_backup()->set_dir(FreshDir("tasks_backups"));
  for (const uint64_t rate : {uint64_t{(1ULL << 32) - 1}, uint64_t{1} << 39, uint64_t{INT64_MAX}, UINT64_MAX}) {
    fast.mutable_backup()->set_rate_bytes_per_second(rate);
    CHECK(run(fast).ok());
  }

  v1::RunTaskRequest slow;
  slow.mutable_verify()->set_rate_bytes_per_second(1);
  grpc::ClientContext context;
  v1::RunTaskResponse event;
  const auto stream = f.admin->RunTask(&context, slow);
  REQUIRE(stream->Read(&event));
  CHECK(event.state() == v1::TASK_STATE_RUNNING);
  v1::RunTaskRequest check;
  check.mutable_check();
  CHECK(ReasonOfCall(run(check)) == Reason::kRateLimited);
  context.TryCancel();
  while (stream->Read(&event)) {
  }
  stream->Finish();
  CHECK(Await([&] { return run(check).ok(); }));

  // So does a server that stops.
  grpc::ClientContext last_context;
  const auto last = f.admin->RunTask(&last_context, slow);
  REQUIRE(last->Read(&event));
  f.server.Stop();
  while (last->Read(&event)) {
  }
  CHECK_FALSE(last->Finish().ok());
}

TEST_CASE("A server on a disk that fills up refuses saves, reads on, removes devices, and takes saves again") {
  const std::string dir = FreshDir("full");
  constexpr uint64_t kMargin = uint64_t{512} << 20;
  const uint64_t free = std::filesystem::space(dir).available;
  INFO("free: " << free);
  REQUIRE(free > 4 * kMargin);
  ServerConfig config = DevConfig(dir + "/data");
  config.min_free_mib = static_cast<uint32_t>((free - kMargin) >> 20);
  Fixture f(config);
  REQUIRE(f.Save("before").ok());

  const std::string balloon = dir + "/balloon";
  const int file = open(balloon.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  REQUIRE(file >= 0);
  off_t size = 0;
  grpc::Status refused;
  // Others use this disk too: it is blown up until it is full enough.
  for (int step = 0; step < 10 && refused.ok(); ++step) {
    REQUIRE(posix_fallocate(file, size, 2 * kMargin) == 0);
    size += 2 * kMargin;
    absl::SleepFor(absl::Milliseconds(1500));  // the disk is asked once a second
    refused = f.Save("refused");
  }
  CHECK(ReasonOfCall(refused) == Reason::kEngineUnavailable);
  CHECK(refused.error_message().find("nearly full") != std::string::npos);
  v1::ListMessagesResponse listed;
  REQUIRE(f.List(listed).ok());
  CHECK(listed.messages_size() == 1);
  {
    grpc::ClientContext context;
    v1::GetServerResponse response;
    REQUIRE(f.admin->GetServer(&context, {}, &response).ok());
    CHECK(response.ready());
    CHECK(response.free_bytes() < response.reserve_bytes());
  }
  // A device is cut off: that can't wait for room.
  {
    v1::AdminRevokeDeviceRequest request;
    request.set_request_id(std::string(16, 'r'));
    *request.mutable_mailbox() = f.Alice();
    request.set_device_id(f.device->device_id.value());
    request.set_justification("stolen while the disk was full");
    grpc::ClientContext context;
    v1::AdminRevokeDeviceResponse response;
    const grpc::Status revoked = f.admin->AdminRevokeDevice(&context, request, &response);
    INFO(revoked.error_message());
    CHECK(revoked.ok());
    CHECK(ReasonOfCall(f.List(listed)) == Reason::kDeviceRevoked);
  }
  close(file);
  std::filesystem::remove(balloon);
  // A mailbox of its own: this one waits for a rotation.
  CHECK(Await([&] {
    ApiDevice bob(f.server.Channel(), std::string(kDevServerName), "bob", f.server.Token("bob"), f.server.random());
    v1::CreateMailboxResponse response;
    grpc::ClientContext context;
    Authorize(context, bob.token);
    return v1::MailboxService::NewStub(f.server.Channel())
        ->CreateMailbox(&context, bob.CreateRequest(), &response)
        .ok();
  }));
}

}  // namespace
}  // namespace labyrinth::service
