// The default engine: one machine, one process, RocksDB. docs/STORAGE_FORMAT.md has its bytes.
#ifndef LABYRINTH_STORAGE_ROCKSDB_ROCKSDB_ENGINE_H_
#define LABYRINTH_STORAGE_ROCKSDB_ROCKSDB_ENGINE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/blob_store.h"
#include "storage/engine.h"
#include "storage/rocksdb/backup.h"
#include "storage/rocksdb/options.h"
#include "storage/rocksdb/verify.h"

namespace labyrinth::storage {

// Every promise of Engine, and a BlobStore beside it. Whatever reads runs on the caller's thread and answers before it
// returns; it may wait for the disk. Commits are answered on the committer's thread, or on the one that watches
// deadlines: a callback must not block and must not destroy the engine. After the first failed write or sync every
// commit fails (the failed ones are kUnknown) while reads go on: Health() says why, and opening the store anew finds
// out what is there. Thread-safe.
class RocksdbEngine final : public Engine {
 public:
  // Opens the store at `path`, or makes one if there is nothing there. An error is one line for the operator that names
  // the path and what to do: FAILED_PRECONDITION (see StoreDir::Claim), DATA_LOSS if the store is damaged or an
  // acknowledged commit is missing, UNAVAILABLE if the disk fails.
  static absl::StatusOr<std::unique_ptr<RocksdbEngine>> Open(const std::string& path, const RocksdbOptions& options);

  RocksdbEngine(const RocksdbEngine&) = delete;
  RocksdbEngine& operator=(const RocksdbEngine&) = delete;
  // Answers what is queued, then writes everything out of the log, so that the next start has nothing to replay.
  ~RocksdbEngine() override;

  void Read(ReadRequest request, ReadCallback done) override;
  void Commit(CommitRequest request, CommitCallback done) override;
  void Due(int64_t now_ms, std::size_t limit, DueCallback done) override;
  void ListPartitions(std::string after, std::size_t limit, PartitionsCallback done) override;

  // The same store's blobs: they live as long as the engine, and share its Health().
  BlobStore& blobs();

  // Does now one of the passes that run all the time (BlobEraser::Pass): what is deleted leaves the disk. Returns how
  // many bytes of deleted chunks are left on it. UNAVAILABLE with the cause, in the operator's words.
  absl::StatusOr<uint64_t> EraseDeletedBlobs();

  // Backs the store up into `dir` while it is in use: see CreateBackup. Blocks until it is done. Also UNAVAILABLE after
  // a failed write: what the disk holds isn't known then.
  absl::StatusOr<BackupRecord> Backup(const std::string& dir, const BackupOptions& options);

  // Reads every byte of the store's files and compares checksums, at `rate_bytes_per_second` at most (0: no bound).
  // Goes on while the store is in use; blocks. Damage goes to the listener; the errors are CANCELLED, and UNAVAILABLE.
  absl::StatusOr<VerifySummary> VerifyFiles(uint64_t rate_bytes_per_second, VerifyListener& listener);

  // Merges all records with what deletes them, and does passes of EraseDeletedBlobs while they have something to do:
  // needs room for the store's largest part once more. Blocks. CANCELLED once `cancelled` is set; UNAVAILABLE with a
  // line for the operator.
  absl::Status Compact(std::atomic<bool>& cancelled);

  // OK, or UNAVAILABLE with the cause, in the operator's words, why commits fail until a restart.
  absl::Status Health() const;

  // True if the process before this one died in the middle of a write, which was dropped: nobody was told that it
  // happened.
  bool recovered_torn_write() const;

 private:
  struct State;
  explicit RocksdbEngine(std::unique_ptr<State> state);

  const std::unique_ptr<State> state_;
};

}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_ROCKSDB_ROCKSDB_ENGINE_H_
