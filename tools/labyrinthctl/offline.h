// A store that no server has open.
#ifndef LABYRINTH_TOOLS_LABYRINTHCTL_OFFLINE_H_
#define LABYRINTH_TOOLS_LABYRINTHCTL_OFFLINE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/clock.h"
#include "service/admin/mailbox_finder.h"
#include "service/auth/server_keys.h"
#include "service/log/pseudonym.h"
#include "storage/rocksdb/rocksdb_engine.h"
#include "tools/labyrinthctl/context.h"

namespace labyrinth::ctl {

// --data-dir was given and no server listens there.
bool IsOffline(const Context& context);

// The store below `data_dir`, opened as a server would. NOT_FOUND if there is none; errors of RocksdbEngine::Open.
absl::StatusOr<std::unique_ptr<storage::RocksdbEngine>> OpenEngine(const std::string& data_dir);

// Opened as a server would, and with the same refusals: one process at a time, no damaged log. Thread-compatible.
class OfflineStore {
 public:
  // Errors of OpenEngine and ServerKeys::Load.
  static absl::StatusOr<std::unique_ptr<OfflineStore>> Open(const std::string& data_dir);

  storage::RocksdbEngine& engine() { return *engine_; }
  const service::Pseudonyms& pseudonyms() const { return pseudonyms_; }
  const service::MailboxFinder& finder() const { return finder_; }
  int64_t now_ms() const { return clock_.NowMs(); }

 private:
  OfflineStore(std::unique_ptr<storage::RocksdbEngine> engine, service::ServerKeys keys);

  const SystemClock clock_;
  const std::unique_ptr<storage::RocksdbEngine> engine_;
  const service::ServerKeys keys_;
  const service::Pseudonyms pseudonyms_;
  const service::MailboxFinder finder_;
};

}  // namespace labyrinth::ctl

#endif  // LABYRINTH_TOOLS_LABYRINTHCTL_OFFLINE_H_
