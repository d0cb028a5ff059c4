#include "tools/labyrinthctl/offline.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "common/unix_socket.h"
#include "service/config/data_dir.h"

namespace labyrinth::ctl {

bool IsOffline(const Context& context) {
  const GlobalFlags& flags = context.flags();
  if (flags.data_dir.empty() || !flags.socket.empty()) return false;
  const absl::StatusOr<int> fd = ConnectToUnixSocket(context.SocketPath());
  if (fd.ok()) close(*fd);
  return absl::IsUnavailable(fd.status());
}

absl::StatusOr<std::unique_ptr<storage::RocksdbEngine>> OpenEngine(const std::string& data_dir) {
  const std::string path = service::StorePath(data_dir);
  std::error_code error;
  // Opening would make one.
  if (!std::filesystem::exists(path + "/FORMAT", error)) {
    return absl::NotFoundError(fmt::format("{}: there is no store", path));
  }
  return storage::RocksdbEngine::Open(path, storage::RocksdbOptions());
}

absl::StatusOr<std::unique_ptr<OfflineStore>> OfflineStore::Open(const std::string& data_dir) {
  auto engine = OpenEngine(data_dir);
  if (!engine.ok()) return engine.status();
  auto keys = service::ServerKeys::Load(**engine);
  if (absl::IsDataLoss(keys.status())) {
    return absl::DataLossError("the server's keys can't be read: 'verify' names the file that is damaged");
  }
  if (!keys.ok()) return keys.status();
  return std::unique_ptr<OfflineStore>(new OfflineStore(*std::move(engine), *std::move(keys)));
}

OfflineStore::OfflineStore(std::unique_ptr<storage::RocksdbEngine> engine, service::ServerKeys keys)
    : engine_(std::move(engine)),
      keys_(std::move(keys)),
      pseudonyms_(keys_.pseudonym(), clock_),
      finder_(*engine_, keys_, pseudonyms_) {}

}  // namespace labyrinth::ctl
