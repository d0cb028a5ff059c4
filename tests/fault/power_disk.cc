#include "tests/fault/power_disk.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace labyrinth::fault {
namespace {

namespace fs = std::filesystem;
using ::rocksdb::DataVerificationInfo;
using ::rocksdb::FileOptions;
using ::rocksdb::FSDirectory;
using ::rocksdb::FSWritableFile;
using ::rocksdb::IOStatus;
using ::rocksdb::Slice;

constexpr uint64_t kSectorBytes = 512;

IOStatus PowerIsOff() { return IOStatus::IOError("the power is off"); }

std::string FolderOf(const std::string& name) { return fs::path(name).lexically_normal().parent_path().string(); }
std::string NameOf(const std::string& name) { return fs::path(name).filename().string(); }
// Of a directory, with or without a slash at its end.
std::string Normal(const std::string& directory) { return FolderOf(directory + "/x"); }

uint64_t Below(std::mt19937_64& random, uint64_t bound) { return random() % bound; }

}  // namespace

class PowerDisk::File final : public ::rocksdb::FSWritableFileOwnerWrapper {
 public:
  File(PowerDisk& disk, InodePtr inode, std::unique_ptr<FSWritableFile> file)
      : FSWritableFileOwnerWrapper(std::move(file)), disk_(disk), inode_(std::move(inode)) {}

  Status Append(const Slice& data, const Options& options, Debug* debug) override {
    absl::MutexLock lock(&disk_.mutex_);
    const Power power = disk_.Draw();
    if (power == Power::kOff) return PowerIsOff();
    const Status done = FSWritableFileOwnerWrapper::Append(data, options, debug);
    if (done.ok()) inode_->size_bytes += data.size();
    return After(power, done);
  }
  Status Append(const Slice& data, const Options& options, const DataVerificationInfo&, Debug* debug) override {
    return Append(data, options, debug);
  }
  Status PositionedAppend(const Slice&, uint64_t, const Options&, Debug*) override {
    return Status::NotSupported("PowerDisk: PositionedAppend");
  }
  Status PositionedAppend(const Slice&, uint64_t, const Options&, const DataVerificationInfo&, Debug*) override {
    return Status::NotSupported("PowerDisk: PositionedAppend");
  }

  // Half done is not done: a cut in the middle of a sync leaves everything to chance.
  Status Sync(const Options&, Debug*) override {
    absl::MutexLock lock(&disk_.mutex_);
    const Power power = disk_.Draw();
    if (power != Power::kOn) return PowerIsOff();
    if (disk_.lie_ == Lie::kSyncs && ++disk_.syncs_ % 2 == 0) return Status::OK();
    inode_->synced_bytes = inode_->size_bytes;
    return Status::OK();
  }
  Status Fsync(const Options& options, Debug* debug) override { return Sync(options, debug); }
  // Starts writing early, and promises nothing.
  Status RangeSync(uint64_t, uint64_t, const Options&, Debug*) override { return Status::OK(); }

 private:
  PowerDisk& disk_;
  const InodePtr inode_;
};

class PowerDisk::Directory final : public FSDirectory {
 public:
  Directory(PowerDisk& disk, std::string folder) : disk_(disk), folder_(std::move(folder)) {}

  Status Fsync(const Options&, Debug*) override {
    absl::MutexLock lock(&disk_.mutex_);
    if (disk_.Draw() != Power::kOn) return PowerIsOff();
    Folder& folder = disk_.folders_[folder_];
    for (const Change& change : folder.pending) Apply(change, folder.durable);
    folder.pending.clear();
    return Status::OK();
  }
  Status Close(const Options&, Debug*) override { return Status::OK(); }

 private:
  PowerDisk& disk_;
  const std::string folder_;
};

PowerDisk::Inode::~Inode() {
  if (in_attic) unlink(path.c_str());
}

PowerDisk::PowerDisk(std::string attic, Lie lie)
    : FileSystemWrapper(::rocksdb::FileSystem::Default()), attic_(std::move(attic)), lie_(lie) {
  fs::create_directories(attic_);
}

void PowerDisk::CutAfter(uint64_t changes) {
  absl::MutexLock lock(&mutex_);
  changes_left_ = changes;
}

void PowerDisk::CutNow() {
  absl::MutexLock lock(&mutex_);
  off_ = true;
}

bool PowerDisk::off() const {
  absl::MutexLock lock(&mutex_);
  return off_;
}

PowerDisk::Power PowerDisk::Draw() {
  if (off_) return Power::kOff;
  if (changes_left_ == UINT64_MAX || --changes_left_ > 0) return Power::kOn;
  off_ = true;
  return Power::kGoesOff;
}

IOStatus PowerDisk::After(Power power, Status done) { return power == Power::kOn ? std::move(done) : PowerIsOff(); }

void PowerDisk::Apply(const Change& change, std::map<std::string, InodePtr>& names) {
  for (const auto& [name, inode] : change) {
    if (inode == nullptr) {
      names.erase(name);
    } else {
      names[name] = inode;
    }
  }
}

void PowerDisk::Note(const std::string& folder, Change change) {
  Folder& changed = folders_[folder];
  Apply(change, changed.now);
  changed.pending.push_back(std::move(change));
}

IOStatus PowerDisk::ToAttic(const InodePtr& inode) {
  const std::string path = fmt::format("{}/{}", attic_, next_in_attic_++);
  std::error_code error;
  fs::rename(inode->path, path, error);
  if (error) return Status::IOError(inode->path, error.message());
  inode->path = path;
  inode->in_attic = true;
  return Status::OK();
}

IOStatus PowerDisk::NewWritableFile(const std::string& name, const FileOptions& options,
                                    std::unique_ptr<FSWritableFile>* file, Debug* debug) {
  absl::MutexLock lock(&mutex_);
  const Power power = Draw();
  if (power == Power::kOff) return PowerIsOff();
  const std::string folder = FolderOf(name);
  // The old file of that name, if there is one, is another.
  const auto old = folders_[folder].now.find(NameOf(name));
  if (old != folders_[folder].now.end()) {
    if (Status moved = ToAttic(old->second); !moved.ok()) return moved;
  }
  std::unique_ptr<FSWritableFile> real;
  if (Status made = FileSystemWrapper::NewWritableFile(name, options, &real, debug); !made.ok()) return made;
  auto inode = std::make_shared<Inode>();
  inode->path = name;
  Note(folder, {{NameOf(name), inode}});
  *file = std::make_unique<File>(*this, std::move(inode), std::move(real));
  return After(power, Status::OK());
}

IOStatus PowerDisk::NewDirectory(const std::string& name, const Options&, std::unique_ptr<FSDirectory>* directory,
                                 Debug*) {
  *directory = std::make_unique<Directory>(*this, Normal(name));
  return Status::OK();
}

IOStatus PowerDisk::DeleteFile(const std::string& name, const Options& options, Debug* debug) {
  absl::MutexLock lock(&mutex_);
  const Power power = Draw();
  if (power == Power::kOff) return PowerIsOff();
  const std::string folder = FolderOf(name);
  const auto known = folders_[folder].now.find(NameOf(name));
  if (known == folders_[folder].now.end()) {
    return After(power, FileSystemWrapper::DeleteFile(name, options, debug));  // RocksDB's own talk
  }
  if (Status moved = ToAttic(known->second); !moved.ok()) return moved;
  Note(folder, {{NameOf(name), nullptr}});
  return After(power, Status::OK());
}

IOStatus PowerDisk::RenameFile(const std::string& from, const std::string& to, const Options& options, Debug* debug) {
  absl::MutexLock lock(&mutex_);
  const Power power = Draw();
  if (power == Power::kOff) return PowerIsOff();
  Folder& folder = folders_[FolderOf(from)];
  const auto known = folder.now.find(NameOf(from));
  if (known == folder.now.end()) return After(power, FileSystemWrapper::RenameFile(from, to, options, debug));
  if (FolderOf(from) != FolderOf(to)) return Status::NotSupported("PowerDisk: a rename into another directory");
  const InodePtr inode = known->second;
  if (const auto old = folder.now.find(NameOf(to)); old != folder.now.end()) {
    if (Status moved = ToAttic(old->second); !moved.ok()) return moved;
  }
  if (Status done = FileSystemWrapper::RenameFile(from, to, options, debug); !done.ok()) return done;
  inode->path = to;
  Note(FolderOf(from), {{NameOf(from), nullptr}, {NameOf(to), inode}});
  return After(power, Status::OK());
}

IOStatus PowerDisk::Truncate(const std::string& name, std::size_t size, const Options& options, Debug* debug) {
  absl::MutexLock lock(&mutex_);
  const Power power = Draw();
  if (power == Power::kOff) return PowerIsOff();
  const Status done = FileSystemWrapper::Truncate(name, size, options, debug);
  const auto& names = folders_[FolderOf(name)].now;
  if (const auto known = names.find(NameOf(name)); done.ok() && known != names.end()) {
    known->second->size_bytes = size;
    known->second->synced_bytes = std::min<uint64_t>(known->second->synced_bytes, size);
  }
  return After(power, done);
}

void PowerDisk::DamageTail(Inode& inode, std::mt19937_64& random, Damage& damage) {
  const uint64_t tail = inode.size_bytes - inode.synced_bytes;
  if (tail == 0) return;
  const uint64_t how = Below(random, 8);
  if (how == 0) {
    ++damage.tails_kept;
  } else if (how <= 2) {
    ++damage.tails_dropped;
    fs::resize_file(inode.path, inode.synced_bytes);
  } else if (how <= 4) {
    ++damage.tails_cut;
    fs::resize_file(inode.path, inode.synced_bytes + Below(random, tail));
  } else {
    ++damage.tails_torn;
    std::ifstream in(inode.path, std::ios::binary);
    std::string bytes{std::istreambuf_iterator<char>(in), {}};
    bytes.resize(inode.size_bytes - (Below(random, 2) == 0 ? Below(random, tail) : 0));
    const uint64_t style = Below(random, 3);  // holes, garbage, both
    const uint64_t share = 1 + Below(random, 4);
    // The first sector's synced part stays, for it was written whole once, and again whole or not at all.
    for (uint64_t begin = inode.synced_bytes; begin < bytes.size();) {
      const uint64_t end = std::min<uint64_t>((begin / kSectorBytes + 1) * kSectorBytes, bytes.size());
      if (Below(random, 4) < share) {
        const bool garbage = style == 1 || (style == 2 && Below(random, 2) == 0);
        for (uint64_t at = begin; at < end; ++at) bytes[at] = garbage ? static_cast<char>(random()) : '\0';
      }
      begin = end;
    }
    std::ofstream(inode.path, std::ios::binary | std::ios::trunc) << bytes;
  }
  inode.size_bytes = fs::file_size(inode.path);
}

PowerDisk::Damage PowerDisk::PowerOn(std::mt19937_64& random) {
  absl::MutexLock lock(&mutex_);
  Damage damage;
  for (auto& [path, folder] : folders_) {
    const uint64_t kept = Below(random, folder.pending.size() + 1);
    damage.changes_undone += folder.pending.size() - kept;
    for (uint64_t i = 0; i < kept; ++i) Apply(folder.pending[i], folder.durable);
    folder.pending.clear();
    // Away with every name, then back with those that are left.
    for (auto& [name, inode] : folder.now) {
      if (!inode->in_attic) ToAttic(inode).PermitUncheckedError();
    }
    folder.now = folder.durable;
    for (auto& [name, inode] : folder.now) {
      DamageTail(*inode, random, damage);
      const std::string back = path + "/" + name;
      fs::rename(inode->path, back);
      inode->path = back;
      inode->in_attic = false;
      inode->synced_bytes = inode->size_bytes;
    }
  }
  off_ = false;
  changes_left_ = UINT64_MAX;
  return damage;
}

}  // namespace labyrinth::fault
