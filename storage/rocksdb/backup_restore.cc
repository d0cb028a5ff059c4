#include <fmt/format.h>
#include <rocksdb/env.h>
#include <rocksdb/utilities/backup_engine.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <memory>

#include "storage/rocksdb/backup.h"
#include "storage/rocksdb/backup_dir.h"
#include "storage/rocksdb/files.h"
#include "storage/rocksdb/store_dir.h"

namespace labyrinth::storage {
namespace {

namespace fs = std::filesystem;

absl::Status MakeStoreDir(const std::string& path) {
  for (const std::string& made : {path, path + "/db"}) {
    if (mkdir(made.c_str(), 0700) == 0) continue;
    const char* const why = errno == EEXIST ? "it is there already: a restore overwrites nothing" : strerror(errno);
    return absl::FailedPreconditionError(fmt::format("{}: {}", made, why));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status RestoreBackup(const std::string& path, const BackupName& name, const std::string& store_path,
                           const OnBackupProgress& on_progress) {
  // First, so that damage is named, and found before anything is written.
  const auto verified = VerifyBackups(path, {.only = {name}, .on_progress = on_progress});
  if (!verified.ok()) return verified.status();
  if (!verified->findings.empty()) {
    const BackupFinding& first = verified->findings.front();
    return absl::DataLossError(fmt::format("{}: {}: restore another backup", first.path, first.what));
  }
  const auto dir = BackupDir::Open(path);
  if (!dir.ok()) return dir.status();
  if (absl::Status made = MakeStoreDir(store_path); !made.ok()) return made;
  if (absl::Status marked = WriteDurably(store_path + kRestoringFile, "a restore is at work\n"); !marked.ok()) {
    return marked;
  }

  ::rocksdb::BackupEngineReadOnly* opened = nullptr;
  auto status = ::rocksdb::BackupEngineReadOnly::Open(::rocksdb::BackupEngineOptions(dir->SetPath(name.set)),
                                                      ::rocksdb::Env::Default(), &opened);
  const std::unique_ptr<::rocksdb::BackupEngineReadOnly> engine(opened);
  const std::string db = store_path + "/db";
  if (status.ok()) status = engine->RestoreDBFromBackup(::rocksdb::RestoreOptions(), name.number, db, db);
  if (status.IsCorruption()) {
    return absl::DataLossError(fmt::format("{}: the backup is damaged: {}", path, status.ToString()));
  }
  if (!status.ok()) {
    return absl::UnavailableError(fmt::format("{}: the restore failed: {}", store_path, status.ToString()));
  }
  // RocksDB's own files are on the disk before the store calls itself one.
  if (absl::Status synced = SyncTree(store_path); !synced.ok()) return synced;
  return ReplaceDurably(store_path + "/FORMAT", StoreFormatLine());
}

absl::Status FinishRestore(const std::string& store_path, const std::string& final_path) {
  std::error_code error;
  if (fs::exists(final_path, error)) {
    return absl::FailedPreconditionError(
        fmt::format("{}: it is there already: a restore overwrites nothing", final_path));
  }
  if (absl::Status synced = SyncTree(store_path); !synced.ok()) return synced;
  // The marker goes last: a crash in between leaves a whole store under its name that still refuses to be opened.
  if (rename(store_path.c_str(), final_path.c_str()) != 0) {
    return absl::UnavailableError(fmt::format("{}: {}", final_path, strerror(errno)));
  }
  if (absl::Status synced = SyncDir(fs::path(final_path).parent_path().string()); !synced.ok()) return synced;
  if (unlink((final_path + kRestoringFile).c_str()) != 0) {
    return absl::UnavailableError(fmt::format("{}: {}", final_path, strerror(errno)));
  }
  return SyncDir(final_path);
}

}  // namespace labyrinth::storage
