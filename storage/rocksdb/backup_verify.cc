#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/crc32c.h"
#include "storage/rocksdb/backup.h"
#include "storage/rocksdb/backup_dir.h"
#include "storage/rocksdb/backup_files.h"
#include "storage/rocksdb/files.h"

namespace labyrinth::storage {
namespace {

constexpr std::size_t kMaxMetaBytes = std::size_t{64} << 20;

// Sleeps so that no more than a rate is reached since the start.
class Pace {
 public:
  explicit Pace(uint64_t bytes_per_second) : bytes_per_second_(bytes_per_second), start_(absl::Now()) {}
  void After(uint64_t bytes) const {
    if (bytes_per_second_ == 0) return;
    const absl::Duration due = absl::Seconds(static_cast<double>(bytes) / static_cast<double>(bytes_per_second_));
    absl::SleepFor(start_ + due - absl::Now());
  }

 private:
  const uint64_t bytes_per_second_;
  const absl::Time start_;
};

// Every file of the backups, each once; what their lists themselves have to say goes to `findings`.
using Files = std::map<std::string, uint32_t>;

void AddFiles(const BackupDir& dir, const BackupName& name, Files& files, std::vector<BackupFinding>& findings) {
  const auto record = dir.Load(name);
  if (!record.ok()) {
    findings.push_back({dir.RecordPath(name), "damaged"});
    return;
  }
  const std::string meta_path = dir.MetaPath(name);
  const auto meta = ReadWhole(meta_path, kMaxMetaBytes);
  if (!meta.ok()) {
    std::error_code error;
    findings.push_back({meta_path, std::filesystem::exists(meta_path, error) ? "cannot be read" : "missing"});
    return;
  }
  const auto listed = ParseBackupMeta(*meta);
  if (Crc32c(*meta) != record->meta_crc32c || !listed.ok()) {
    findings.push_back({meta_path, "its checksum is another"});
    return;
  }
  for (const BackedUpFile& file : *listed) {
    files.emplace(fmt::format("{}/{}", dir.SetPath(name.set), file.path), file.crc32c);
  }
}

}  // namespace

absl::StatusOr<VerifiedBackups> VerifyBackups(const std::string& path, const VerifyOptions& options) {
  const auto dir = BackupDir::Open(path);
  if (!dir.ok()) return dir.status();
  const auto names = dir->Names();
  if (!names.ok()) return names.status();
  for (const BackupName& name : options.only) {
    if (std::find(names->begin(), names->end(), name) == names->end()) return dir->Load(name).status();
  }
  VerifiedBackups verified;
  verified.backups = options.only.empty() ? *names : options.only;
  Files files;
  for (const BackupName& name : verified.backups) AddFiles(*dir, name, files, verified.findings);

  BackupProgress progress;
  for (const auto& [file, crc] : files) {
    std::error_code error;
    const uintmax_t size = std::filesystem::file_size(file, error);
    if (!error) progress.total_bytes += size;
  }
  const Pace pace(options.bytes_per_second);
  for (const auto& [file, crc] : files) {
    const auto what = CheckFile(file, crc, [&](std::size_t bytes) {
      progress.done_bytes += bytes;
      pace.After(progress.done_bytes);
      return !options.on_progress || options.on_progress(progress);
    });
    if (!what.ok()) return what.status();
    if (!what->empty()) verified.findings.push_back({file, *what});
  }
  verified.files = files.size();
  verified.bytes = progress.done_bytes;
  return verified;
}

}  // namespace labyrinth::storage
