// Reads every byte of a store's files and compares checksums, while the store is in use.
#ifndef LABYRINTH_STORAGE_ROCKSDB_FILE_VERIFIER_H_
#define LABYRINTH_STORAGE_ROCKSDB_FILE_VERIFIER_H_

#include <rocksdb/db.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/rocksdb/verify.h"

namespace labyrinth::storage {

// Tables and blob files, the log and the manifest. What is deleted meanwhile, since compactions go on, is left out;
// what is written meanwhile is too. Not thread-safe; `db` outlives it.
class FileVerifier {
 public:
  FileVerifier(::rocksdb::DB* db, std::string db_dir, std::vector<::rocksdb::ColumnFamilyHandle*> families,
               uint64_t rate_bytes_per_second, VerifyListener& listener)
      : db_(db),
        db_dir_(std::move(db_dir)),
        families_(std::move(families)),
        rate_(rate_bytes_per_second),
        listener_(listener) {}

  absl::StatusOr<VerifySummary> Run();

 private:
  struct File {
    std::string name;  // below db_dir
    uint64_t bytes = 0;
    std::size_t family = 0;
    std::string checksum;  // of the whole file, by the store's generator; empty: none was kept
  };

  std::vector<File> TablesAndBlobs() const;
  std::vector<File> Logs() const;
  absl::Status VerifyTable(const File& file);
  absl::Status VerifyBlocks(const File& file);
  absl::Status VerifyLog(const File& file);
  // Notes what came of a file.
  void Take(const File& file, const absl::Status& status);
  // Adds to what was read, and keeps to the rate. False: cancelled.
  bool Advance(uint64_t bytes);
  bool Exists(const File& file) const;

  ::rocksdb::DB* const db_;
  const std::string db_dir_;
  const std::vector<::rocksdb::ColumnFamilyHandle*> families_;
  const uint64_t rate_;
  VerifyListener& listener_;
  VerifySummary summary_;
  uint64_t total_bytes_ = 0;
  std::chrono::steady_clock::time_point start_;
};

}  // namespace labyrinth::storage

#endif  // LABYRINTH_STORAGE_ROCKSDB_FILE_VERIFIER_H_
