// Tasks on the embedded store's files.
#ifndef LABYRINTH_SERVICE_SERVER_STORE_TASKS_H_
#define LABYRINTH_SERVICE_SERVER_STORE_TASKS_H_

#include <string>

#include "absl/status/statusor.h"
#include "service/admin/task.h"
#include "storage/rocksdb/rocksdb_engine.h"

namespace labyrinth::service {

// Each damaged file is a finding. Errors of RocksdbEngine::VerifyFiles.
absl::StatusOr<std::string> RunVerify(storage::RocksdbEngine& engine, const v1::VerifyTask& request,
                                      TaskListener& listener);

// Errors of RocksdbEngine::Compact.
absl::StatusOr<std::string> RunCompact(storage::RocksdbEngine& engine, TaskListener& listener);

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_SERVER_STORE_TASKS_H_
