// Our server, as it is shipped, with its store on the disk.
#ifndef LABYRINTH_TOOLS_BENCH_SERVER_H_
#define LABYRINTH_TOOLS_BENCH_SERVER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/bench/calls.h"
#include "tools/bench/child.h"
#include "tools/bench/device.h"
#include "tools/bench/mailbox.h"

namespace labyrinth::bench {

// Connections that a load spreads its calls over: gRPC's work for one is done by one thread at a time.
inline constexpr int kChannels = 4;

Channels NewChannels(const std::string& endpoint);

// A mailbox of a server and its first device.
struct ServerMailbox : LoadMailbox {
  using LoadMailbox::LoadMailbox;
  std::unique_ptr<Device> device;
};

// labyrinthd --dev over a fresh directory, all else as by default: info log to a file, 256 MiB of block cache. Not
// thread-safe.
class Server {
 public:
  static constexpr uint32_t kDefaultCacheMib = 256;

  // `binary` is labyrinthd; `dir` is made.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const std::string& binary, const std::string& dir,
                                                       uint32_t block_cache_mib = kDefaultCacheMib);

  // An account's mailbox, empty. Lives as long as the server object.
  absl::StatusOr<ServerMailbox*> AddMailbox(const Payload& payload, uint64_t threads);
  // Saves messages until each mailbox holds `count`: `batch` a call, `in_flight` calls at a time.
  absl::Status Fill(const Mailboxes& mailboxes, uint64_t count, int batch, int in_flight);

  const std::string& endpoint() const { return endpoint_; }
  const std::string& dir() const { return dir_; }
  std::string store_dir() const { return dir_ + "/data/store"; }
  const Channels& channels() const { return channels_; }
  Child& process() { return *process_; }
  // A drain, as by SIGTERM.
  absl::Status Stop() { return process_->Stop(); }
  // After Stop(): over the same data, at another endpoint with new channels(). Mailboxes' sessions stay good; their
  // devices' clients don't follow.
  absl::Status StartAgain();

 private:
  Server(std::string binary, std::string dir) : binary_(std::move(binary)), dir_(std::move(dir)) {}
  std::string config_file() const { return dir_ + "/labyrinthd.toml"; }

  const std::string binary_;
  const std::string dir_;
  std::string endpoint_;
  std::unique_ptr<Child> process_;
  Channels channels_;
  std::vector<std::unique_ptr<ServerMailbox>> mailboxes_;
};

// The empty service (floor_service.h), in a process of its own.
class FloorServer {
 public:
  // `binary` is this program.
  static absl::StatusOr<std::unique_ptr<FloorServer>> Start(const std::string& binary, const std::string& dir,
                                                            uint64_t seed);
  const Channels& channels() const { return channels_; }

 private:
  FloorServer() = default;

  std::unique_ptr<Child> process_;
  Channels channels_;
};

}  // namespace labyrinth::bench

#endif  // LABYRINTH_TOOLS_BENCH_SERVER_H_
