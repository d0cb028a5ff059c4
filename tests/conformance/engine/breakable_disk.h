// A disk that can be broken: syncs and appends of the log fail or hang when told to, and what was never synced can be
// lost.
#ifndef LABYRINTH_TESTS_CONFORMANCE_ENGINE_BREAKABLE_DISK_H_
#define LABYRINTH_TESTS_CONFORMANCE_ENGINE_BREAKABLE_DISK_H_

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace labyrinth::storage {

// The seam under RocksDB, over the real file system. Thread-safe. Use by std::make_shared and EnvOn.
class BreakableDisk final : public ::rocksdb::FileSystemWrapper {
 public:
  BreakableDisk();
  const char* Name() const override { return "BreakableDisk"; }

  // Of the log alone.
  void FailSyncs(bool fail) ABSL_LOCKS_EXCLUDED(mutex_);
  void FailAppends(bool fail) ABSL_LOCKS_EXCLUDED(mutex_);
  // From now on a sync hangs until ReleaseSyncs.
  void HoldSyncs() ABSL_LOCKS_EXCLUDED(mutex_);
  void WaitUntilHeld() ABSL_LOCKS_EXCLUDED(mutex_);
  void ReleaseSyncs() ABSL_LOCKS_EXCLUDED(mutex_);

  // Cuts every file below `copy`, a copy of `original` made a moment ago, to what was synced of it: a power cut. Files
  // that weren't written through this disk are as they are.
  void LoseUnsynced(const std::string& original, const std::string& copy) ABSL_LOCKS_EXCLUDED(mutex_);

  ::rocksdb::IOStatus NewWritableFile(const std::string& name, const ::rocksdb::FileOptions& options,
                                      std::unique_ptr<::rocksdb::FSWritableFile>* file,
                                      ::rocksdb::IODebugContext* debug) override;
  ::rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to, const ::rocksdb::IOOptions& options,
                                 ::rocksdb::IODebugContext* debug) override ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  class File;
  ::rocksdb::IOStatus BeforeAppend(const std::string& name) ABSL_LOCKS_EXCLUDED(mutex_);
  ::rocksdb::IOStatus BeforeSync(const std::string& name) ABSL_LOCKS_EXCLUDED(mutex_);
  void Synced(const std::string& name, uint64_t size_bytes) ABSL_LOCKS_EXCLUDED(mutex_);

  absl::Mutex mutex_;
  bool fail_syncs_ ABSL_GUARDED_BY(mutex_) = false;
  bool fail_appends_ ABSL_GUARDED_BY(mutex_) = false;
  bool hold_syncs_ ABSL_GUARDED_BY(mutex_) = false;
  bool held_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<std::string, uint64_t> synced_bytes_ ABSL_GUARDED_BY(mutex_);
};

// The Env to give to RocksdbOptions; `disk` lives as long.
std::unique_ptr<::rocksdb::Env> EnvOn(const std::shared_ptr<BreakableDisk>& disk);

}  // namespace labyrinth::storage

#endif  // LABYRINTH_TESTS_CONFORMANCE_ENGINE_BREAKABLE_DISK_H_
