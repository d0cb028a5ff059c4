#include "tools/bench/server.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

namespace labyrinth::bench {
namespace {

constexpr std::chrono::seconds kStartTimeout{30};
// A fill is bounded by this, and by its count.
constexpr std::chrono::seconds kFillTimeout{180};

absl::StatusOr<int> AwaitPort(Child& process, const std::string& port_file) {
  int port = 0;
  const absl::Status status = process.Await(
      [&] {
        std::ifstream in(port_file);
        return static_cast<bool>(in >> port);
      },
      kStartTimeout);
  if (!status.ok()) return status;
  return port;
}

}  // namespace

Channels NewChannels(const std::string& endpoint) {
  Channels channels;
  for (int i = 0; i < kChannels; ++i) channels.push_back(NewChannel(endpoint));
  return channels;
}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const std::string& binary, const std::string& dir,
                                                      uint32_t block_cache_mib) {
  std::unique_ptr<Server> server(new Server(binary, dir));
  std::error_code error;
  if (!std::filesystem::create_directories(dir + "/profiles", error)) {
    return absl::UnavailableError(dir + ": cannot be made, or is there already");
  }
  std::ofstream(server->config_file()) << fmt::format("[rocksdb]\nblock_cache_mib = {}\n", block_cache_mib);
  if (absl::Status started = server->StartAgain(); !started.ok()) return started;
  return server;
}

absl::Status Server::StartAgain() {
  const std::string port_file = dir_ + "/port";
  std::error_code error;
  std::filesystem::remove(port_file, error);
  auto process = Child::Start({.words = {binary_, "serve", "--dev", "--config", config_file(), "--data-dir",
                                         dir_ + "/data", "--listen", "127.0.0.1:0", "--port-file", port_file},
                               .log_file = dir_ + "/log"});
  if (!process.ok()) return process.status();
  process_ = *std::move(process);
  const auto port = AwaitPort(*process_, port_file);
  if (!port.ok()) return port.status();
  endpoint_ = fmt::format("127.0.0.1:{}", *port);
  channels_ = NewChannels(endpoint_);
  return absl::OkStatus();
}

absl::StatusOr<ServerMailbox*> Server::AddMailbox(const Payload& payload, uint64_t threads) {
  const std::string account = fmt::format("bench-{}", mailboxes_.size());
  auto device = Device::Create(endpoint_, account, fmt::format("{}/profiles/{}", dir_, account));
  if (!device.ok()) return device.status();
  mailboxes_.push_back(std::make_unique<ServerMailbox>(payload, threads));
  ServerMailbox& mailbox = *mailboxes_.back();
  mailbox.device = *std::move(device);
  mailbox.session = mailbox.device->session();
  mailbox.epoch_id = mailbox.device->epoch_id();
  return &mailbox;
}

absl::Status Server::Fill(const Mailboxes& mailboxes, uint64_t count, int batch, int in_flight) {
  const Slots slots = SaveSlots(channels_, mailboxes, in_flight, batch);
  const uint64_t calls = count * mailboxes.size() / static_cast<uint64_t>(batch * in_flight);
  return ClosedLoopOf(slots, calls, kFillTimeout).status();
}

absl::StatusOr<std::unique_ptr<FloorServer>> FloorServer::Start(const std::string& binary, const std::string& dir,
                                                                uint64_t seed) {
  std::error_code error;
  std::filesystem::create_directories(dir, error);
  const std::string port_file = dir + "/port";
  auto process = Child::Start(
      {.words = {binary, "--serve-floor", port_file, "--seed", std::to_string(seed)}, .log_file = dir + "/log"});
  if (!process.ok()) return process.status();
  std::unique_ptr<FloorServer> server(new FloorServer());
  server->process_ = *std::move(process);
  const auto port = AwaitPort(*server->process_, port_file);
  if (!port.ok()) return port.status();
  server->channels_ = NewChannels(fmt::format("127.0.0.1:{}", *port));
  return server;
}

}  // namespace labyrinth::bench
