#include "storage/rocksdb/backup.h"

#include <fmt/format.h>
#include <rocksdb/db.h>
#include <rocksdb/rate_limiter.h>
#include <rocksdb/utilities/backup_engine.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <set>
#include <utility>

#include "common/crc32c.h"
#include "storage/rocksdb/backup_dir.h"
#include "storage/rocksdb/files.h"

namespace labyrinth::storage {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kProgressBytes = 4 << 20;
constexpr std::size_t kMaxMetaBytes = std::size_t{64} << 20;

absl::Status Failed(const std::string& path, const ::rocksdb::Status& status) {
  return absl::UnavailableError(fmt::format("{}: the backup failed: {}", path, status.ToString()));
}

::rocksdb::BackupEngineOptions EngineOptions(const std::string& set_path, const BackupOptions& options) {
  ::rocksdb::BackupEngineOptions engine(set_path);
  engine.backup_env = options.env;
  engine.share_table_files = true;
  engine.share_files_with_checksum = true;
  engine.sync = true;
  engine.backup_log_files = true;  // what is in no table yet
  engine.max_background_operations = 1;
  engine.callback_trigger_interval_size = kProgressBytes;
  // RocksDB copies through a buffer of as much as may pass in one refill. From this rate on, beyond what disks do, that
  // would be 43 MiB and more: no bound then.
  constexpr uint64_t kAnyRate = uint64_t{4} << 30;
  if (options.bytes_per_second > 0 && options.bytes_per_second < kAnyRate) {
    constexpr int64_t kRefillUs = 10'000;
    constexpr int32_t kFairness = 10;
    engine.backup_rate_limiter.reset(::rocksdb::NewGenericRateLimiter(
        static_cast<int64_t>(options.bytes_per_second), kRefillUs, kFairness, ::rocksdb::RateLimiter::Mode::kAllIo));
  }
  return engine;
}

uint64_t BytesOf(const std::string& path) {
  uint64_t bytes = 0;
  std::error_code error;
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    std::error_code gone;
    const uintmax_t size = it->file_size(gone);
    if (!gone) bytes += size;
  }
  return bytes;
}

// What has no record is what an interrupted run left.
absl::Status RemoveLeftovers(const BackupDir& dir, uint32_t set, ::rocksdb::BackupEngine& engine) {
  const auto names = dir.Names();
  if (!names.ok()) return names.status();
  std::vector<::rocksdb::BackupInfo> known;
  engine.GetBackupInfo(&known);
  for (const ::rocksdb::BackupInfo& info : known) {
    const BackupName name{set, info.backup_id};
    if (std::find(names->begin(), names->end(), name) != names->end()) continue;
    if (const auto status = engine.DeleteBackup(info.backup_id); !status.ok()) return Failed(dir.path(), status);
  }
  return absl::OkStatus();
}

absl::StatusOr<BackupRecord> Describe(const BackupDir& dir, const BackupName& name, ::rocksdb::BackupEngine& engine,
                                      const BackupOptions& options) {
  ::rocksdb::BackupInfo info;
  if (const auto status = engine.GetBackupInfo(name.number, &info); !status.ok()) return Failed(dir.path(), status);
  const auto meta = ReadWhole(dir.MetaPath(name), kMaxMetaBytes);
  if (!meta.ok()) return meta.status();
  return BackupRecord{.name = name,
                      .create_ms = options.now_ms,
                      .files = info.number_files,
                      .bytes = info.size,
                      .meta_crc32c = Crc32c(*meta),
                      .labels = options.labels};
}

// The oldest go first: the record, then the files that nothing else needs.
absl::Status Prune(const BackupDir& dir, uint32_t keep, const BackupName& newest, ::rocksdb::BackupEngine& engine) {
  const auto names = dir.Names();
  if (!names.ok()) return names.status();
  std::set<uint32_t> left;
  for (std::size_t i = 0; i < names->size(); ++i) {
    const BackupName& name = (*names)[i];
    if (name == newest || i + keep >= names->size()) {
      left.insert(name.set);
      continue;
    }
    if (absl::Status forgotten = dir.Forget(name); !forgotten.ok()) return forgotten;
    if (name.set != newest.set) continue;
    if (const auto status = engine.DeleteBackup(name.number); !status.ok()) return Failed(dir.path(), status);
  }
  for (uint32_t set = 1; set < newest.set; ++set) {
    std::error_code error;
    if (!left.contains(set)) fs::remove_all(dir.SetPath(set), error);
    if (error) return absl::UnavailableError(fmt::format("{}: {}", dir.SetPath(set), error.message()));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<BackupRecord> CreateBackup(::rocksdb::DB* db, const std::string& path, const BackupOptions& options) {
  const auto dir = BackupDir::OpenToWrite(path);
  if (!dir.ok()) return dir.status();
  const auto newest_set = dir->NewestSet();
  if (!newest_set.ok()) return newest_set.status();
  const uint32_t set = *newest_set == 0 || options.full ? *newest_set + 1 : *newest_set;

  ::rocksdb::BackupEngine* opened = nullptr;
  const auto open =
      ::rocksdb::BackupEngine::Open(EngineOptions(dir->SetPath(set), options), ::rocksdb::Env::Default(), &opened);
  if (!open.ok()) return Failed(path, open);
  const std::unique_ptr<::rocksdb::BackupEngine> engine(opened);
  if (absl::Status removed = RemoveLeftovers(*dir, set, *engine); !removed.ok()) return removed;

  std::atomic<bool> cancelled = false;
  BackupProgress progress{.done_bytes = 0, .total_bytes = BytesOf(db->GetName())};
  ::rocksdb::CreateBackupOptions create;
  // Whoever saves meanwhile goes first: a backup has time.
  create.decrease_background_thread_cpu_priority = true;
  create.background_thread_cpu_priority = ::rocksdb::CpuPriority::kLow;
  create.progress_callback = [&] {
    progress.done_bytes += kProgressBytes;
    if (!options.on_progress || options.on_progress(progress)) return;
    cancelled = true;
    engine->StopBackup();
  };
  ::rocksdb::BackupID id = 0;
  const auto created = engine->CreateNewBackup(create, db, &id);
  if (cancelled) return absl::CancelledError("the backup was cancelled");
  if (!created.ok()) return Failed(path, created);

  auto record = Describe(*dir, {set, id}, *engine, options);
  if (!record.ok()) return record.status();
  if (absl::Status kept = dir->Keep(*record); !kept.ok()) return kept;
  if (options.keep > 0) {
    if (absl::Status pruned = Prune(*dir, options.keep, record->name, *engine); !pruned.ok()) return pruned;
  }
  return record;
}

absl::StatusOr<std::vector<ListedBackup>> ListBackups(const std::string& path) {
  const auto dir = BackupDir::Open(path);
  if (!dir.ok()) return dir.status();
  const auto names = dir->Names();
  if (!names.ok()) return names.status();
  std::vector<ListedBackup> listed;
  for (const BackupName& name : *names) listed.push_back({name, dir->Load(name)});
  return listed;
}

}  // namespace labyrinth::storage
