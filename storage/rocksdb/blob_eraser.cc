#include "storage/rocksdb/blob_eraser.h"

#include <fmt/format.h>
#include <rocksdb/metadata.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/time/clock.h"

namespace labyrinth::storage {
namespace {

constexpr uint64_t kRewritingPasses = 144;
// A compaction that rewrites this much takes seconds; those of records, which wait for it, come between two.
constexpr uint64_t kBytesAtOnce = uint64_t{1} << 30;
// What a portion counts for at least, so that a pass ends whatever it finds.
constexpr uint64_t kLeastPortionBytes = uint64_t{64} << 20;

uint64_t LiveBytes(const ::rocksdb::BlobMetaData& file) {
  return file.total_blob_bytes - std::min(file.garbage_blob_bytes, file.total_blob_bytes);
}

// Oldest first.
std::vector<::rocksdb::BlobMetaData> BlobFiles(::rocksdb::DB* db, ::rocksdb::ColumnFamilyHandle* blobs) {
  ::rocksdb::ColumnFamilyMetaData metadata;
  db->GetColumnFamilyMetaData(blobs, &metadata);
  std::sort(metadata.blob_files.begin(), metadata.blob_files.end(),
            [](const auto& a, const auto& b) { return a.blob_file_number < b.blob_file_number; });
  return std::move(metadata.blob_files);
}

absl::Status Refused(const ::rocksdb::Status& status) {
  return absl::UnavailableError(fmt::format("erasing deleted attachments: {}", status.ToString()));
}

}  // namespace

BlobEraser::BlobEraser(::rocksdb::DB* db, Committer::Families families, DiskReserve reserve, Pace pace,
                       CommitQueue& queue, const FailStop& fail_stop)
    : db_(db), families_(families), pace_(pace), queue_(queue), fail_stop_(fail_stop), reserve_(std::move(reserve)) {
  if (pace_.every > absl::ZeroDuration()) thread_ = std::thread([this] { Run(); });
}

BlobEraser::~BlobEraser() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
    stop_.Signal();
  }
  if (thread_.joinable()) thread_.join();
}

void BlobEraser::Run() {
  absl::MutexLock lock(&mutex_);
  while (!stopping_) {
    const absl::Time next = absl::Now() + pace_.every;
    while (!stopping_ && !stop_.WaitWithDeadline(&mutex_, next)) {
    }
    if (stopping_) return;
    mutex_.Unlock();
    // An error is RocksDB's, which has told the fail stop; or the next pass does better.
    Pass().IgnoreError();
    mutex_.Lock();
  }
}

absl::StatusOr<uint64_t> BlobEraser::Pass() {
  absl::MutexLock lock(&pass_mutex_);
  if (absl::Status health = fail_stop_.Health(); !health.ok()) return health;
  if (absl::Status written = WriteOut(); !written.ok()) return written;
  if (absl::Status merged = Compact(0); !merged.ok()) return merged;
  uint64_t live_bytes = 0;
  for (const ::rocksdb::BlobMetaData& file : BlobFiles(db_, families_.blobs)) live_bytes += LiveBytes(file);
  uint64_t budget_bytes = std::max(live_bytes / kRewritingPasses, pace_.least_bytes);
  for (;;) {
    const Portion portion = NextPortion(std::min(budget_bytes, kBytesAtOnce));
    if (portion.share == 0) break;
    if (absl::Status rewritten = Compact(portion.share); !rewritten.ok()) return rewritten;
    budget_bytes -= std::min(budget_bytes, std::max(portion.bytes, kLeastPortionBytes));
  }
  uint64_t garbage_bytes = 0;
  for (const ::rocksdb::BlobMetaData& file : BlobFiles(db_, families_.blobs)) garbage_bytes += file.garbage_blob_bytes;
  return garbage_bytes;
}

// Both families: the log goes when neither needs it.
absl::Status BlobEraser::WriteOut() {
  const ::rocksdb::Status status = db_->Flush({}, {families_.records, families_.blobs});
  if (!status.ok()) return Refused(status);
  queue_.Push(LogMark{}, [](CommitResult) {});
  return absl::OkStatus();
}

absl::Status BlobEraser::Compact(double rewritten_share) {
  ::rocksdb::CompactRangeOptions options;
  options.exclusive_manual_compaction = false;
  options.canceled = &stopping_;
  if (rewritten_share > 0) {
    options.bottommost_level_compaction = ::rocksdb::BottommostLevelCompaction::kForceOptimized;
    options.blob_garbage_collection_policy = ::rocksdb::BlobGarbageCollectionPolicy::kForce;
    options.blob_garbage_collection_age_cutoff = rewritten_share;
  }
  const ::rocksdb::Status status = db_->CompactRange(options, families_.blobs, nullptr, nullptr);
  return status.ok() ? absl::OkStatus() : Refused(status);
}

BlobEraser::Portion BlobEraser::NextPortion(uint64_t budget_bytes) {
  const std::vector<::rocksdb::BlobMetaData> files = BlobFiles(db_, families_.blobs);
  std::size_t end = files.size();  // behind the youngest file with garbage
  while (end > 0 && files[end - 1].garbage_blob_bytes == 0) --end;
  const uint64_t room_bytes = reserve_.RoomBytes();
  Portion portion;
  std::size_t count = 0;
  for (; count < end && portion.bytes < budget_bytes; ++count) {
    const uint64_t bytes = portion.bytes + LiveBytes(files[count]);
    if (bytes > room_bytes) break;
    portion.bytes = bytes;
  }
  // RocksDB rounds the share down to whole files.
  if (count > 0) portion.share = std::min(1.0, (static_cast<double>(count) + 0.5) / static_cast<double>(files.size()));
  return portion;
}

}  // namespace labyrinth::storage
