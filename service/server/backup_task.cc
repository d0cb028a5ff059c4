#include "service/server/backup_task.h"

#include <fmt/format.h>

#include <utility>

#include "common/errors.h"

namespace labyrinth::service {

absl::StatusOr<std::string> RunBackup(const v1::BackupTask& request, const BackUp& back_up, TaskListener& task) {
  // Of the machine, not of whatever directory this process happens to run in.
  if (!request.dir().starts_with('/')) return errors::InvalidField("dir", "an absolute path");
  storage::BackupOptions options;
  options.full = request.full();
  options.keep = request.keep();
  options.bytes_per_second = request.rate_bytes_per_second();
  options.on_progress = [&task](const storage::BackupProgress& progress) {
    task.OnProgress(progress.done_bytes, progress.total_bytes, "bytes");
    return !task.cancelled();
  };
  const auto record = back_up(request.dir(), std::move(options));
  // This server is there, and what failed is the backups' disk: not to be tried again as if nobody had answered.
  if (absl::IsUnavailable(record.status())) return absl::FailedPreconditionError(record.status().message());
  if (!record.ok()) return record.status();
  return fmt::format("backup {}: {} files, {} bytes", record->name.text(), record->files, record->bytes);
}

}  // namespace labyrinth::service
