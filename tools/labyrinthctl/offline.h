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

// Opened as a server would, and with the same refusals: one process at a time, no damaged log. Thread-compatible.
class OfflineStore {
 public:
  // NOT_FOUND if there is no store; errors of RocksdbEngine::Open and ServerKeys::Load.
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
