// What an idle watch costs the server: the real program, in a process of its own.
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/limits.h"
#include "proto/labyrinth/dev/v1/dev_issuer.grpc.pb.h"
#include "service/server/testing/api_history.h"
#include "service/server/testing/live_server.h"

namespace labyrinth::service::testing {
namespace {

constexpr uint64_t kWatchBytes = 24 * 1024;

// labyrinthd --dev over a fresh directory. Thread-compatible.
class ServerProcess {
 public:
  ServerProcess() {
    const std::string dir = FreshDir("watch_memory"), port_file = dir + "/port";
    std::vector<std::string> words = {"service/server/labyrinthd",
                                      "--dev",
                                      "--data-dir",
                                      dir + "/data",
                                      "--listen",
                                      "127.0.0.1:0",
                                      "--port-file",
                                      port_file,
                                      "--log-level",
                                      "error"};
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    char* environment[] = {nullptr};
    REQUIRE(posix_spawn(&pid_, words[0].c_str(), nullptr, nullptr, argv.data(), environment) == 0);
    for (int i = 0; i < 600 && port_ == 0; ++i) {
      std::ifstream(port_file) >> port_;
      if (port_ == 0) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    REQUIRE(port_ != 0);
  }
  ~ServerProcess() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

  // A connection of its own.
  std::shared_ptr<grpc::Channel> Channel() const {
    grpc::ChannelArguments alone;
    alone.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel(fmt::format("127.0.0.1:{}", port_), grpc::InsecureChannelCredentials(), alone);
  }
  uint64_t ResidentBytes() const {
    uint64_t pages = 0;
    std::ifstream(fmt::format("/proc/{}/statm", pid_)) >> pages >> pages;
    return pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
  }
  // Of all its threads, so far.
  double CpuSeconds() const {
    std::ifstream stat(fmt::format("/proc/{}/stat", pid_));
    std::string word;
    for (int field = 1; field < 14; ++field) stat >> word;  // its name has no spaces
    double user = 0, system = 0;
    stat >> user >> system;
    return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
  }

 private:
  pid_t pid_ = 0;
  int port_ = 0;
};

// Mailboxes, as many watches of each as its device may hold, and some mailboxes to a connection: the server takes a
// thousand calls on one.
struct Crowd {
  Crowd(ServerProcess& process, int mailboxes_per_channel)
      : server(process), mailboxes_per_channel(mailboxes_per_channel) {}

  void Add(int mailboxes) {
    std::shared_ptr<grpc::Channel> channel;
    for (int i = 0; i < mailboxes; ++i) {
      if (i % mailboxes_per_channel == 0) channel = server.Channel();
      const auto issuer = dev::v1::DevIssuerService::NewStub(channel);
      const std::string account = fmt::format("account-{}", accounts++);
      grpc::ClientContext context;
      dev::v1::IssueTokenRequest request;
      dev::v1::IssueTokenResponse response;
      request.set_account(account);
      REQUIRE(issuer->IssueToken(&context, request, &response).ok());
      ApiDevice device(channel, std::string(kDevServerName), account, response.token(), random);
      device.CreateMailbox();
      const HistoryCaller caller(channel, device.SignIn(), device.epoch_id);
      v1::WatchRequest from_head;
      *from_head.mutable_since() = caller.ListAll().as_of();
      for (uint32_t j = 0; j < limits::kStreamsPerCaller; ++j) {
        watches.push_back(caller.Watch(from_head));
        REQUIRE(watches.back()->MustNext().changes().empty());
      }
    }
  }

  ServerProcess& server;
  const int mailboxes_per_channel;
  crypto::SeededRandom random{1};
  int accounts = 0;
  std::vector<std::unique_ptr<WatchReader>> watches;
};

void Measure(int mailboxes, int mailboxes_per_channel, uint64_t limit_bytes) {
  ServerProcess server;
  Crowd crowd(server, mailboxes_per_channel);
  crowd.Add(50);  // whatever is allocated once
  const std::size_t before = crowd.watches.size();
  const uint64_t bytes_before = server.ResidentBytes();
  crowd.Add(mailboxes);
  const uint64_t bytes = server.ResidentBytes() - bytes_before;
  const std::size_t count = crowd.watches.size() - before;
  const double cpu_before = server.CpuSeconds();
  std::this_thread::sleep_for(std::chrono::seconds(5));
  const double cpu = (server.CpuSeconds() - cpu_before) / 5;
  WARN(fmt::format("{} idle watches: {} bytes each, {:.2f} % of a processor", count, bytes / count, 100 * cpu));
  CHECK(bytes / count < limit_bytes);
  CHECK(cpu < 0.1);
}

TEST_CASE("an idle watch costs less than 24 KiB, its mailbox's share of everything included") {
  Measure(300, 100, kWatchBytes);
}

TEST_CASE("ten thousand idle watches cost no more each", "[.large]") { Measure(3300, 100, kWatchBytes); }

// What gRPC keeps for a connection comes to it.
TEST_CASE("three idle watches on a connection of their own", "[.large]") { Measure(1000, 1, 4 * kWatchBytes); }

}  // namespace
}  // namespace labyrinth::service::testing
