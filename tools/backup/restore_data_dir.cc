#include "tools/backup/restore_data_dir.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <thread>
#include <utility>

#include "common/executor.h"
#include "service/journal/journal_codec.h"
#include "service/restore/backup_labels.h"
#include "storage/rocksdb/rocksdb_engine.h"

namespace labyrinth::backup {
namespace {

namespace fs = std::filesystem;

constexpr char kStore[] = "/store", kRestoring[] = "/store.restoring", kJournal[] = "/revocations.journal";
// What may be left of a data directory whose store is lost.
constexpr std::array<std::string_view, 5> kMayStay = {"revocations.journal", "dev_issuer.key", "lost+found",
                                                      "store.restoring", "admin.sock"};

absl::Status Refuse(const std::string& path, std::string_view why) {
  return absl::FailedPreconditionError(fmt::format("{}: {}", path, why));
}

absl::Status Prefixed(const std::string& path, const absl::Status& status) {
  return absl::Status(status.code(), fmt::format("{}: {}", path, std::string(status.message())));
}

absl::StatusOr<storage::BackupRecord> Choose(const RestoreRequest& request) {
  const auto listed = storage::ListBackups(request.backups);
  if (!listed.ok()) return listed.status();
  if (listed->empty()) return absl::NotFoundError(fmt::format("{}: there is no backup", request.backups));
  if (!request.name.has_value()) return listed->back().record;
  for (const storage::ListedBackup& backup : *listed) {
    if (backup.name == *request.name) return backup.record;
  }
  return absl::NotFoundError(fmt::format("{}: there is no backup {}", request.backups, request.name->text()));
}

absl::Status PrepareDataDir(const std::string& path) {
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return Refuse(path, std::strerror(errno));
  std::error_code error;
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (std::find(kMayStay.begin(), kMayStay.end(), name) != kMayStay.end()) continue;
    return Refuse(path, fmt::format("not empty (it holds \"{}\"): a restore overwrites nothing. Move it away, or name "
                                    "another directory",
                                    name));
  }
  if (error) return Refuse(path, error.message());
  // Of an attempt that was left by half: made by us, and good for nothing.
  fs::remove_all(path + kRestoring, error);
  if (error) return Refuse(path + kRestoring, error.message());
  return absl::OkStatus();
}

absl::StatusOr<std::optional<journal::JournalContent>> LoadJournal(const RestoreRequest& request,
                                                                   const storage::BackupRecord& backup) {
  if (request.without_journal) return std::optional<journal::JournalContent>();
  const std::string path = request.journal.empty() ? request.data_dir + kJournal : request.journal;
  auto content = journal::ReadJournal(path);
  if (absl::IsNotFound(content.status())) {
    return Refuse(path,
                  "the journal of revocations is missing: name it with --journal. Without it whoever was removed after "
                  "the backup was made comes back; if it is lost for good, say --without-journal");
  }
  if (!content.ok()) return content.status();
  const auto labels = restore::FromLabels(backup.labels);
  if (!labels.ok()) return Prefixed(request.backups, labels.status());
  if (absl::Status fits = restore::CheckJournal(*labels, *content); !fits.ok()) return Prefixed(path, fits);
  return std::optional(*std::move(content));
}

absl::StatusOr<restore::SafeStore> MakeCopySafe(const std::string& store, const storage::RocksdbOptions& options,
                                                const Clock& clock, RandomSource& random,
                                                const restore::MakeSafeOptions& how) {
  const auto engine = storage::RocksdbEngine::Open(store, options);
  if (!engine.ok()) return engine.status();
  ThreadPool workers(std::max(2u, std::thread::hardware_concurrency()));
  return restore::MakeSafe(**engine, workers, clock, random, how);
}

}  // namespace

absl::StatusOr<RestoreReport> RestoreDataDir(const RestoreRequest& request, storage::RocksdbOptions options,
                                             const Clock& clock, RandomSource& random,
                                             const std::function<bool(const RestoreProgress&)>& on_progress) {
  auto backup = Choose(request);
  if (!backup.ok()) return backup.status();
  auto journal = LoadJournal(request, *backup);
  if (!journal.ok()) return journal.status();
  if (absl::Status prepared = PrepareDataDir(request.data_dir); !prepared.ok()) return prepared;

  const std::string copy = request.data_dir + kRestoring;
  const auto copied =
      storage::RestoreBackup(request.backups, backup->name, copy, [&](const storage::BackupProgress& progress) {
        return on_progress({RestoreProgress::Step::kVerify, progress.done_bytes, progress.total_bytes});
      });
  if (!copied.ok()) return copied;
  options.unfinished_restore = true;
  const auto safe =
      MakeCopySafe(copy, options, clock, random, {.journal = *std::move(journal), .on_progress = [&](uint64_t done) {
                                                    (void)on_progress({RestoreProgress::Step::kMailboxes, done, 0});
                                                  }});
  if (!safe.ok()) return Prefixed(copy, safe.status());
  if (absl::Status finished = storage::FinishRestore(copy, request.data_dir + kStore); !finished.ok()) return finished;
  return RestoreReport{*std::move(backup), *safe};
}

}  // namespace labyrinth::backup
