#include "storage/rocksdb/rocksdb_engine.h"

#include <fmt/format.h>
#include <rocksdb/db.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "storage/rocksdb/blob_eraser.h"
#include "storage/rocksdb/commit_queue.h"
#include "storage/rocksdb/committer.h"
#include "storage/rocksdb/fail_stop.h"
#include "storage/rocksdb/file_verifier.h"
#include "storage/rocksdb/layout.h"
#include "storage/rocksdb/log_check.h"
#include "storage/rocksdb/partition_cache.h"
#include "storage/rocksdb/reader.h"
#include "storage/rocksdb/rocksdb_blob_store.h"
#include "storage/rocksdb/store_dir.h"
#include "storage/rocksdb/tuning.h"

namespace labyrinth::storage {
namespace {

// RocksDB's text names files and causes, never keys.
absl::Status OpenError(const std::string& path, const ::rocksdb::Status& status) {
  if (status.IsCorruption()) {
    return absl::DataLossError(fmt::format(
        "{}: the store is damaged ({}): keep a copy of the directory, then restore a backup", path, status.ToString()));
  }
  return absl::UnavailableError(fmt::format("{}: the store cannot be opened: {}", path, status.ToString()));
}

// Puts a copy of the manifest's whole records in its place. The next start does it again if a power cut undoes it; what
// an unfinished copy leaves has a name that RocksDB tidies away.
absl::Status DropTornTail(const LogSummary& logs, const std::string& db_dir, ::rocksdb::Env* env) {
  if (!logs.manifest_torn) return absl::OkStatus();
  if (env == nullptr) env = ::rocksdb::Env::Default();
  const std::string copy = db_dir + "/000000.dbtmp";
  std::string bytes;
  ::rocksdb::Status status = ::rocksdb::ReadFileToString(env, logs.manifest, &bytes);
  if (status.ok()) {
    bytes.resize(std::min(bytes.size(), logs.manifest_intact_bytes));
    status = ::rocksdb::WriteStringToFile(env, bytes, copy, /*should_sync=*/true);
  }
  if (status.ok()) status = env->RenameFile(copy, logs.manifest);
  return status.ok() ? absl::OkStatus() : OpenError(logs.manifest, status);
}

}  // namespace

// In the order of construction; destroyed in reverse.
struct RocksdbEngine::State {
  State(StoreDir claimed, CommitQueue::Bytes queue_bytes) : dir(std::move(claimed)), queue(queue_bytes) {}

  ~State() {
    eraser.reset();
    committer.reset();
    if (db != nullptr && fail_stop.Health().ok()) EmptyLog();
    for (::rocksdb::ColumnFamilyHandle* family : families) db->DestroyColumnFamilyHandle(family);
    if (db != nullptr) db->Close();
  }

  StoreDir dir;
  FailStop fail_stop;
  std::unique_ptr<::rocksdb::DB> db;
  std::vector<::rocksdb::ColumnFamilyHandle*> families;  // records, blobs
  bool torn = false;
  PartitionCache partitions;
  std::optional<Reader> reader;
  CommitQueue queue;
  std::optional<Committer> committer;
  std::optional<RocksdbBlobStore> blobs;
  std::optional<BlobEraser> eraser;

  void EmptyLog();
  absl::Status OpenDb(const RocksdbOptions& options);
  absl::Status CheckReplay(const LogSummary& logs) const;
  absl::Status Start(const RocksdbOptions& options);
};

// Best effort: whatever fails here, the log still has it. One write that changes nothing goes into the new log, so that
// the next start can hold its number against the manifest (log_check.h).
void RocksdbEngine::State::EmptyLog() {
  std::string next_number;
  if (!db->Flush({}, families).ok()) return;
  const ::rocksdb::Status read = db->Get({}, families[0], NextNumberKey(), &next_number);
  if (read.IsNotFound()) {
    next_number = EncodeNumber(1);  // blobs alone were written
  } else if (!read.ok()) {
    return;
  }
  db->Put(SyncedWrite(), families[0], NextNumberKey(), next_number);
}

absl::Status RocksdbEngine::State::OpenDb(const RocksdbOptions& options) {
  const RocksdbTuning tuning = MakeTuning(options, std::make_shared<FailStopListener>(fail_stop));
  ::rocksdb::DBOptions db_options = tuning.db;
  db_options.create_if_missing = dir.is_new();
  db_options.create_missing_column_families = dir.is_new();
  ::rocksdb::DB* opened = nullptr;
  const ::rocksdb::Status status = ::rocksdb::DB::Open(
      db_options, dir.db_dir(), {{kRecordsFamily, tuning.records}, {kBlobsFamily, tuning.blobs}}, &families, &opened);
  if (!status.ok()) return OpenError(dir.path(), status);
  db.reset(opened);
  return absl::OkStatus();
}

absl::Status RocksdbEngine::State::CheckReplay(const LogSummary& logs) const {
  if (db->GetLatestSequenceNumber() >= logs.last_sequence) return absl::OkStatus();
  return absl::DataLossError(
      fmt::format("{}: RocksDB did not replay all of its log, so acknowledged saves are missing: keep a copy of the "
                  "directory, then "
                  "restore a backup",
                  dir.path()));
}

absl::Status RocksdbEngine::State::Start(const RocksdbOptions& options) {
  std::string bytes;
  const ::rocksdb::Status status = db->Get(CheckedRead(), families[0], NextNumberKey(), &bytes);
  if (!status.ok() && !status.IsNotFound()) return OpenError(dir.path(), status);
  const std::optional<uint64_t> next_number = status.IsNotFound() ? 1 : DecodeNumber(bytes);
  if (!next_number.has_value()) {
    return OpenError(dir.path(), ::rocksdb::Status::Corruption("the next partition number"));
  }
  reader.emplace(db.get(), families[0], partitions);
  const DiskReserve reserve(dir.path(), options.min_free_disk_bytes);
  const Committer::Families both{families[0], families[1]};
  committer.emplace(db.get(), both, partitions, *next_number, reserve,
                    CommitQueue::Bytes{options.group_bytes, options.blob_group_bytes}, queue, fail_stop);
  blobs.emplace(BlobReader(db.get(), families[1]), queue);
  const absl::Duration every = absl::Seconds(options.erase_blobs_within_seconds) / kErasePasses;
  eraser.emplace(db.get(), both, reserve, BlobEraser::Pace{every, options.erase_pass_bytes}, queue, fail_stop);
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<RocksdbEngine>> RocksdbEngine::Open(const std::string& path,
                                                                   const RocksdbOptions& options) {
  absl::StatusOr<StoreDir> dir = StoreDir::Claim(path, options.unfinished_restore);
  if (!dir.ok()) return dir.status();
  LogSummary logs;
  if (!dir->is_new()) {
    const auto checked = CheckLogs(dir->db_dir(), /*may_lack_log=*/options.unfinished_restore);
    if (!checked.ok()) return checked.status();
    logs = *checked;
    if (absl::Status dropped = DropTornTail(logs, dir->db_dir(), options.env); !dropped.ok()) return dropped;
  }
  auto state =
      std::make_unique<State>(*std::move(dir), CommitQueue::Bytes{options.queue_bytes, options.blob_queue_bytes});
  state->torn = logs.torn;
  if (absl::Status opened = state->OpenDb(options); !opened.ok()) return opened;
  if (absl::Status replayed = state->CheckReplay(logs); !replayed.ok()) return replayed;
  if (absl::Status finished = state->dir.Finish(); !finished.ok()) return finished;
  if (absl::Status started = state->Start(options); !started.ok()) return started;
  return std::unique_ptr<RocksdbEngine>(new RocksdbEngine(std::move(state)));
}

RocksdbEngine::RocksdbEngine(std::unique_ptr<State> state) : state_(std::move(state)) {}

RocksdbEngine::~RocksdbEngine() = default;

void RocksdbEngine::Read(ReadRequest request, ReadCallback done) { std::move(done)(state_->reader->Read(request)); }

void RocksdbEngine::Commit(CommitRequest request, CommitCallback done) {
  if (absl::Status valid = ValidateCommit(request); !valid.ok()) {
    return std::move(done)({CommitResult::Outcome::kFailed, {}, std::move(valid)});
  }
  state_->queue.Push(std::move(request), std::move(done));
}

void RocksdbEngine::Due(int64_t now_ms, std::size_t limit, DueCallback done) {
  std::move(done)(state_->reader->Due(now_ms, limit));
}

void RocksdbEngine::ListPartitions(std::string after, std::size_t limit, PartitionsCallback done) {
  std::move(done)(state_->reader->ListPartitions(after, limit));
}

BlobStore& RocksdbEngine::blobs() { return *state_->blobs; }

absl::StatusOr<uint64_t> RocksdbEngine::EraseDeletedBlobs() { return state_->eraser->Pass(); }

absl::StatusOr<BackupRecord> RocksdbEngine::Backup(const std::string& dir, const BackupOptions& options) {
  if (absl::Status health = Health(); !health.ok()) return health;
  return CreateBackup(state_->db.get(), dir, options);
}

absl::StatusOr<VerifySummary> RocksdbEngine::VerifyFiles(uint64_t rate_bytes_per_second, VerifyListener& listener) {
  return FileVerifier(state_->db.get(), state_->dir.db_dir(), state_->families, rate_bytes_per_second, listener).Run();
}

absl::Status RocksdbEngine::Compact(std::atomic<bool>& cancelled) {
  ::rocksdb::CompactRangeOptions options;
  options.exclusive_manual_compaction = false;
  options.bottommost_level_compaction = ::rocksdb::BottommostLevelCompaction::kForceOptimized;
  options.canceled = &cancelled;
  const ::rocksdb::Status status = state_->db->CompactRange(options, state_->families[0], nullptr, nullptr);
  if (cancelled) return absl::CancelledError("interrupted");
  if (!status.ok()) return absl::UnavailableError(fmt::format("the store can't be compacted: {}", status.ToString()));
  // Each pass rewrites a share; one that leaves as much as the one before it has no room, or nothing left to do.
  for (uint64_t left = std::numeric_limits<uint64_t>::max(); !cancelled;) {
    const absl::StatusOr<uint64_t> rest = EraseDeletedBlobs();
    if (!rest.ok()) return rest.status();
    if (*rest == 0 || *rest >= left) return absl::OkStatus();
    left = *rest;
  }
  return absl::CancelledError("interrupted");
}

absl::Status RocksdbEngine::Health() const { return state_->fail_stop.Health(); }

bool RocksdbEngine::recovered_torn_write() const { return state_->torn; }

}  // namespace labyrinth::storage
