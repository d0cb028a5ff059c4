// A disk that is there up to a moment: of everything that changes it, a chosen number of calls succeed.
#ifndef LABYRINTH_TESTS_CONFORMANCE_ENGINE_CUT_OFF_DISK_H_
#define LABYRINTH_TESTS_CONFORMANCE_ENGINE_CUT_OFF_DISK_H_

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <atomic>
#include <memory>
#include <string>

namespace labyrinth::storage {

// Over the real file system. After `allowed` calls that change something each further one fails, removals too: what a
// killed process leaves. With `full`, only what needs room fails. Thread-safe.
class CutOffDisk final : public ::rocksdb::FileSystemWrapper {
 public:
  CutOffDisk(int64_t allowed, bool full)
      : FileSystemWrapper(::rocksdb::FileSystem::Default()), left_(allowed), full_(full) {}
  const char* Name() const override { return "CutOffDisk"; }
  bool hit() const { return left_ < 0; }

  using Options = ::rocksdb::IOOptions;
  using Debug = ::rocksdb::IODebugContext;
  ::rocksdb::IOStatus NewWritableFile(const std::string& name, const ::rocksdb::FileOptions& options,
                                      std::unique_ptr<::rocksdb::FSWritableFile>* file, Debug* debug) override;
  ::rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to, const Options& options,
                                 Debug* debug) override;
  ::rocksdb::IOStatus DeleteFile(const std::string& name, const Options& options, Debug* debug) override;
  ::rocksdb::IOStatus DeleteDir(const std::string& name, const Options& options, Debug* debug) override;
  ::rocksdb::IOStatus CreateDir(const std::string& name, const Options& options, Debug* debug) override;
  ::rocksdb::IOStatus CreateDirIfMissing(const std::string& name, const Options& options, Debug* debug) override;

 private:
  class File;
  // One call more. `needs_room`: it fails on a full disk.
  ::rocksdb::IOStatus Next(bool needs_room);

  std::atomic<int64_t> left_;
  const bool full_;
};

}  // namespace labyrinth::storage

#endif  // LABYRINTH_TESTS_CONFORMANCE_ENGINE_CUT_OFF_DISK_H_
