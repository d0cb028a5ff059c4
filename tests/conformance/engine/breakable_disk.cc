#include "tests/conformance/engine/breakable_disk.h"

#include <filesystem>
#include <utility>

namespace labyrinth::storage {
namespace {

using ::rocksdb::IODebugContext;
using ::rocksdb::IOOptions;
using ::rocksdb::IOStatus;
using ::rocksdb::Slice;

bool IsLog(const std::string& name) { return std::filesystem::path(name).extension() == ".log"; }

}  // namespace

class BreakableDisk::File final : public ::rocksdb::FSWritableFileOwnerWrapper {
 public:
  File(BreakableDisk& disk, std::string name, std::unique_ptr<::rocksdb::FSWritableFile> file)
      : FSWritableFileOwnerWrapper(std::move(file)), disk_(disk), name_(std::move(name)) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    const IOStatus allowed = disk_.BeforeAppend(name_);
    if (!allowed.ok()) return allowed;
    size_bytes_ += data.size();
    return FSWritableFileOwnerWrapper::Append(data, options, debug);
  }

  IOStatus Append(const Slice& data, const IOOptions& options, const ::rocksdb::DataVerificationInfo&,
                  IODebugContext* debug) override {
    return Append(data, options, debug);
  }

  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    const uint64_t size_bytes = size_bytes_;
    IOStatus status = disk_.BeforeSync(name_);
    if (status.ok()) status = FSWritableFileOwnerWrapper::Sync(options, debug);
    if (status.ok()) disk_.Synced(name_, size_bytes);
    return status;
  }

  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override { return Sync(options, debug); }

 private:
  BreakableDisk& disk_;
  const std::string name_;
  uint64_t size_bytes_ = 0;
};

BreakableDisk::BreakableDisk() : FileSystemWrapper(::rocksdb::FileSystem::Default()) {}

void BreakableDisk::FailSyncs(bool fail) {
  absl::MutexLock lock(&mutex_);
  fail_syncs_ = fail;
}

void BreakableDisk::FailAppends(bool fail) {
  absl::MutexLock lock(&mutex_);
  fail_appends_ = fail;
}

void BreakableDisk::HoldSyncs() {
  absl::MutexLock lock(&mutex_);
  hold_syncs_ = true;
}

void BreakableDisk::WaitUntilHeld() {
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(&held_));
}

void BreakableDisk::ReleaseSyncs() {
  absl::MutexLock lock(&mutex_);
  hold_syncs_ = false;
}

void BreakableDisk::LoseUnsynced(const std::string& original, const std::string& copy) {
  absl::MutexLock lock(&mutex_);
  for (const auto& [name, size_bytes] : synced_bytes_) {
    if (name.rfind(original, 0) != 0) continue;
    const std::string file = copy + name.substr(original.size());
    if (std::filesystem::exists(file)) std::filesystem::resize_file(file, size_bytes);
  }
}

IOStatus BreakableDisk::NewWritableFile(const std::string& name, const ::rocksdb::FileOptions& options,
                                        std::unique_ptr<::rocksdb::FSWritableFile>* file, IODebugContext* debug) {
  std::unique_ptr<::rocksdb::FSWritableFile> real;
  IOStatus status = FileSystemWrapper::NewWritableFile(name, options, &real, debug);
  if (!status.ok()) return status;
  Synced(name, 0);
  *file = std::make_unique<File>(*this, name, std::move(real));
  return status;
}

IOStatus BreakableDisk::RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                                   IODebugContext* debug) {
  IOStatus status = FileSystemWrapper::RenameFile(from, to, options, debug);
  absl::MutexLock lock(&mutex_);
  const auto known = synced_bytes_.find(from);
  if (status.ok() && known != synced_bytes_.end()) {
    synced_bytes_[to] = known->second;
    synced_bytes_.erase(known);
  }
  return status;
}

IOStatus BreakableDisk::BeforeAppend(const std::string& name) {
  absl::MutexLock lock(&mutex_);
  return fail_appends_ && IsLog(name) ? IOStatus::IOError("an injected fault") : IOStatus::OK();
}

IOStatus BreakableDisk::BeforeSync(const std::string& name) {
  absl::MutexLock lock(&mutex_);
  if (!IsLog(name)) return IOStatus::OK();
  if (hold_syncs_) {
    held_ = true;
    mutex_.Await(absl::Condition(
        +[](bool* hold) { return !*hold; }, &hold_syncs_));
    held_ = false;
  }
  return fail_syncs_ ? IOStatus::IOError("an injected fault") : IOStatus::OK();
}

void BreakableDisk::Synced(const std::string& name, uint64_t size_bytes) {
  absl::MutexLock lock(&mutex_);
  synced_bytes_[name] = size_bytes;
}

std::unique_ptr<::rocksdb::Env> EnvOn(const std::shared_ptr<BreakableDisk>& disk) {
  return ::rocksdb::NewCompositeEnv(disk);
}

}  // namespace labyrinth::storage
