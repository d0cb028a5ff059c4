// The operator's backup, as a task of the admin service.
#ifndef LABYRINTH_SERVICE_SERVER_BACKUP_TASK_H_
#define LABYRINTH_SERVICE_SERVER_BACKUP_TASK_H_

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "proto/labyrinth/v1/admin.pb.h"
#include "service/admin/task.h"
#include "storage/rocksdb/backup.h"

namespace labyrinth::service {

// Environment::BackUp.
using BackUp = std::function<absl::StatusOr<storage::BackupRecord>(const std::string& dir, storage::BackupOptions)>;

// One line on the backup that was made. INVALID_FIELD; the errors of `back_up`.
absl::StatusOr<std::string> RunBackup(const v1::BackupTask& request, const BackUp& back_up, TaskListener& task);

}  // namespace labyrinth::service

#endif  // LABYRINTH_SERVICE_SERVER_BACKUP_TASK_H_
