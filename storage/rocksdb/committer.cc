#include "storage/rocksdb/committer.h"

#include <fmt/format.h>

#include <utility>

#include "common/errors.h"
#include "storage/rocksdb/blob_batch.h"
#include "storage/rocksdb/commit_batch.h"
#include "storage/rocksdb/tuning.h"

namespace labyrinth::storage {
namespace {

using Outcome = CommitResult::Outcome;

// A bit that flips between here and the memtable is noticed.
constexpr std::size_t kProtectionBytesPerKey = 8;

// Chunks are refused at twice the reserve: a disk that fills up stops attachments before messages.
constexpr uint64_t kReservesOfChunks = 2;

absl::Status WritesHaveStopped() { return errors::EngineUnavailable("an earlier write failed; restart the server"); }
absl::Status DiskNearlyFull() { return errors::EngineUnavailable("the disk is nearly full"); }

// What the answers become when the batch that they rest on failed: it may be on the disk or not.
void MakeUncertain(std::vector<CommitResult>& results) {
  for (CommitResult& result : results) {
    if (result.outcome == Outcome::kCommitted) {
      result = {Outcome::kUnknown, {}, absl::OkStatus()};
    } else if (result.outcome == Outcome::kConflict) {
      result = {Outcome::kFailed, {}, WritesHaveStopped()};
    }
  }
}

}  // namespace

Committer::Committer(::rocksdb::DB* db, Families families, PartitionCache& partitions, uint64_t next_number,
                     DiskReserve reserve, CommitQueue::Bytes group, CommitQueue& queue, FailStop& fail_stop)
    : db_(db),
      families_(families),
      partitions_(partitions),
      next_number_(next_number),
      reserve_(std::move(reserve)),
      group_bytes_(group),
      queue_(queue),
      fail_stop_(fail_stop),
      thread_([this] { Run(); }) {}

Committer::~Committer() {
  queue_.Stop();
  thread_.join();
}

void Committer::Run() {
  LeaveOutCounts();
  for (;;) {
    const std::vector<QueuedWrite> group = queue_.TakeGroup(group_bytes_);
    if (group.empty()) return;
    queue_.Finish(Apply(group));
  }
}

std::vector<CommitResult> Committer::Apply(const std::vector<QueuedWrite>& group) {
  if (!fail_stop_.Health().ok()) {
    return std::vector<CommitResult>(group.size(), {Outcome::kFailed, {}, WritesHaveStopped()});
  }
  const CommitResult full = {Outcome::kFailed, {}, DiskNearlyFull()};
  ::rocksdb::WriteBatch writes(/*reserved_bytes=*/0, /*max_bytes=*/0, kProtectionBytesPerKey, /*default_cf_ts_sz=*/0);
  CommitBatch commits(db_, families_.records, partitions_, next_number_, writes);
  BlobBatch blobs(db_, families_.blobs, writes);
  std::vector<CommitResult> results;
  results.reserve(group.size());
  for (const QueuedWrite& write : group) {
    // Drops and deletions give room back. What is urgent may use half of the reserve: the rest is for compactions.
    if (const auto* commit = std::get_if<CommitRequest>(&write)) {
      const bool may = commit->drop || reserve_.HasRoom() || (commit->urgent && reserve_.HasHalf());
      results.push_back(may ? commits.Stage(*commit) : full);
    } else if (const auto* blob = std::get_if<BlobWrite>(&write)) {
      results.push_back(!blob->chunk.has_value() || reserve_.HasRoom(kReservesOfChunks) ? blobs.Stage(*blob) : full);
    } else {
      results.push_back(commits.Stage(std::get<LogMark>(write)));
    }
  }
  commits.Seal();
  blobs.Seal();
  if (writes.Count() == 0) return results;
  const ::rocksdb::Status status = db_->Write(SyncedWrite(), &writes);
  if (status.ok()) {
    next_number_ = commits.next_number();
    commits.Written();
  } else {
    fail_stop_.Trip(fmt::format("a synced write failed: {}", status.ToString()));
    MakeUncertain(results);
  }
  return results;
}

}  // namespace labyrinth::storage
