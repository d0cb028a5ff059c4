#include "tests/conformance/engine/cut_off_disk.h"

#include <utility>

namespace labyrinth::storage {

using ::rocksdb::IOStatus;
using ::rocksdb::Slice;

class CutOffDisk::File final : public ::rocksdb::FSWritableFileOwnerWrapper {
 public:
  File(CutOffDisk& disk, std::unique_ptr<::rocksdb::FSWritableFile> file)
      : FSWritableFileOwnerWrapper(std::move(file)), disk_(disk) {}

  IOStatus Append(const Slice& data, const Options& options, Debug* debug) override {
    const IOStatus next = disk_.Next(/*needs_room=*/true);
    return next.ok() ? FSWritableFileOwnerWrapper::Append(data, options, debug) : next;
  }
  IOStatus Append(const Slice& data, const Options& options, const ::rocksdb::DataVerificationInfo&,
                  Debug* debug) override {
    return Append(data, options, debug);
  }
  IOStatus Sync(const Options& options, Debug* debug) override {
    const IOStatus next = disk_.Next(/*needs_room=*/false);
    return next.ok() ? FSWritableFileOwnerWrapper::Sync(options, debug) : next;
  }
  IOStatus Fsync(const Options& options, Debug* debug) override { return Sync(options, debug); }

 private:
  CutOffDisk& disk_;
};

IOStatus CutOffDisk::Next(bool needs_room) {
  if (full_ && !needs_room) return IOStatus::OK();
  if (left_-- > 0) return IOStatus::OK();
  left_ = -1;
  return full_ ? IOStatus::NoSpace("planted") : IOStatus::IOError("planted");
}

IOStatus CutOffDisk::NewWritableFile(const std::string& name, const ::rocksdb::FileOptions& options,
                                     std::unique_ptr<::rocksdb::FSWritableFile>* file, Debug* debug) {
  IOStatus status = Next(/*needs_room=*/true);
  if (status.ok()) status = FileSystemWrapper::NewWritableFile(name, options, file, debug);
  if (status.ok()) *file = std::make_unique<File>(*this, std::move(*file));
  return status;
}

IOStatus CutOffDisk::RenameFile(const std::string& from, const std::string& to, const Options& options, Debug* debug) {
  const IOStatus next = Next(/*needs_room=*/false);
  return next.ok() ? FileSystemWrapper::RenameFile(from, to, options, debug) : next;
}

IOStatus CutOffDisk::DeleteFile(const std::string& name, const Options& options, Debug* debug) {
  const IOStatus next = Next(/*needs_room=*/false);
  return next.ok() ? FileSystemWrapper::DeleteFile(name, options, debug) : next;
}

IOStatus CutOffDisk::DeleteDir(const std::string& name, const Options& options, Debug* debug) {
  const IOStatus next = Next(/*needs_room=*/false);
  return next.ok() ? FileSystemWrapper::DeleteDir(name, options, debug) : next;
}

IOStatus CutOffDisk::CreateDir(const std::string& name, const Options& options, Debug* debug) {
  const IOStatus next = Next(/*needs_room=*/true);
  return next.ok() ? FileSystemWrapper::CreateDir(name, options, debug) : next;
}

IOStatus CutOffDisk::CreateDirIfMissing(const std::string& name, const Options& options, Debug* debug) {
  const IOStatus next = Next(/*needs_room=*/true);
  return next.ok() ? FileSystemWrapper::CreateDirIfMissing(name, options, debug) : next;
}

}  // namespace labyrinth::storage
