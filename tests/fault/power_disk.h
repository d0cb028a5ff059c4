// A disk whose power can be cut: what was not synced is lost, torn, full of holes or of garbage, or all there.
#ifndef LABYRINTH_TESTS_FAULT_POWER_DISK_H_
#define LABYRINTH_TESTS_FAULT_POWER_DISK_H_

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace labyrinth::fault {

// The seam under RocksDB, over real files. What it takes for granted of a disk is little:
//  - the bytes of a file that a sync covered stay; of the others each sector of 512 bytes is as it was written, zeros
//  or
//    garbage, by itself, and the file may be shorter;
//  - a directory's changes (new names, renames, deletions) come to the disk in their order, as in any journal (ext4,
//    XFS, btrfs), and are there for certain once the directory was synced. A synced file whose name wasn't is gone.
// Syncs cost nothing: they are noted, and nothing waits for the machine's own disk. Thread-safe. Use by
// std::make_shared.
class PowerDisk final : public ::rocksdb::FileSystemWrapper {
 public:
  enum class Lie {
    kNone,
    kSyncs,  // every other sync of a file does nothing and says OK: what a disk with a careless cache does
  };

  // `attic` is a folder of its own for files that were deleted and may come back.
  explicit PowerDisk(std::string attic, Lie lie = Lie::kNone);
  const char* Name() const override { return "PowerDisk"; }

  // The power goes off in the middle of the `changes`-th change from now, counted from 1. From then on nothing changes
  // any more, and every change fails.
  void CutAfter(uint64_t changes) ABSL_LOCKS_EXCLUDED(mutex_);
  void CutNow() ABSL_LOCKS_EXCLUDED(mutex_);
  bool off() const ABSL_LOCKS_EXCLUDED(mutex_);

  // What became of the unsynced.
  struct Damage {
    uint64_t tails_dropped = 0, tails_cut = 0, tails_torn = 0, tails_kept = 0;
    uint64_t changes_undone = 0;  // of directories
  };
  // Makes the files what they are after the cut, drawn from `random`, and turns the power on. No file may be open.
  Damage PowerOn(std::mt19937_64& random) ABSL_LOCKS_EXCLUDED(mutex_);

  using Options = ::rocksdb::IOOptions;
  using Debug = ::rocksdb::IODebugContext;
  using Status = ::rocksdb::IOStatus;

  Status NewWritableFile(const std::string& name, const ::rocksdb::FileOptions& options,
                         std::unique_ptr<::rocksdb::FSWritableFile>* file, Debug* debug) override;
  Status NewDirectory(const std::string& name, const Options& options,
                      std::unique_ptr<::rocksdb::FSDirectory>* directory, Debug* debug) override;
  Status DeleteFile(const std::string& name, const Options& options, Debug* debug) override;
  Status RenameFile(const std::string& from, const std::string& to, const Options& options, Debug* debug) override;
  Status Truncate(const std::string& name, std::size_t size, const Options& options, Debug* debug) override;
  // Nothing that we use needs these; who begins to, finds out.
  Status ReopenWritableFile(const std::string&, const ::rocksdb::FileOptions&,
                            std::unique_ptr<::rocksdb::FSWritableFile>*, Debug*) override {
    return Status::NotSupported("PowerDisk: ReopenWritableFile");
  }
  Status ReuseWritableFile(const std::string&, const std::string&, const ::rocksdb::FileOptions&,
                           std::unique_ptr<::rocksdb::FSWritableFile>*, Debug*) override {
    return Status::NotSupported("PowerDisk: ReuseWritableFile");
  }
  Status NewRandomRWFile(const std::string&, const ::rocksdb::FileOptions&, std::unique_ptr<::rocksdb::FSRandomRWFile>*,
                         Debug*) override {
    return Status::NotSupported("PowerDisk: NewRandomRWFile");
  }
  Status LinkFile(const std::string&, const std::string&, const Options&, Debug*) override {
    return Status::NotSupported("PowerDisk: LinkFile");
  }

 private:
  class File;
  class Directory;

  struct Inode {
    ~Inode();
    std::string path;       // where the bytes are now
    bool in_attic = false;  // then it goes with the last that knows of it
    uint64_t size_bytes = 0, synced_bytes = 0;
  };
  using InodePtr = std::shared_ptr<Inode>;
  // One change of a directory: names and what they lead to from now on (null: nothing).
  using Change = std::vector<std::pair<std::string, InodePtr>>;
  struct Folder {
    std::map<std::string, InodePtr> now, durable;
    std::deque<Change> pending;
  };
  enum class Power { kOn, kGoesOff, kOff };

  // Before each change.
  Power Draw() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // After it.
  static Status After(Power power, Status done);
  void Note(const std::string& folder, Change change) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Takes a name's file away, for as long as it may have to come back.
  Status ToAttic(const InodePtr& inode) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  static void Apply(const Change& change, std::map<std::string, InodePtr>& names);
  static void DamageTail(Inode& inode, std::mt19937_64& random, Damage& damage);

  const std::string attic_;
  const Lie lie_;
  mutable absl::Mutex mutex_;
  std::map<std::string, Folder> folders_ ABSL_GUARDED_BY(mutex_);
  bool off_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t changes_left_ ABSL_GUARDED_BY(mutex_) = UINT64_MAX;
  uint64_t next_in_attic_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t syncs_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace labyrinth::fault

#endif  // LABYRINTH_TESTS_FAULT_POWER_DISK_H_
