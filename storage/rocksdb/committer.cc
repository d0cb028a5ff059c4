#include "storage/rocksdb/committer.h"

#include <fmt/format.h>

#include <utility>

#include "common/errors.h"
#include "storage/rocksdb/commit_batch.h"
#include "storage/rocksdb/tuning.h"

namespace labyrinth::storage {
namespace {

using Outcome = CommitResult::Outcome;

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

Committer::Committer(::rocksdb::DB* db, ::rocksdb::ColumnFamilyHandle* records, uint64_t next_number,
                     DiskReserve reserve, std::size_t group_bytes, CommitQueue& queue, FailStop& fail_stop)
    : db_(db),
      records_(records),
      next_number_(next_number),
      reserve_(std::move(reserve)),
      group_bytes_(group_bytes),
      queue_(queue),
      fail_stop_(fail_stop),
      thread_([this] { Run(); }) {}

Committer::~Committer() {
  queue_.Stop();
  thread_.join();
}

void Committer::Run() {
  for (;;) {
    const std::vector<CommitRequest> group = queue_.TakeGroup(group_bytes_);
    if (group.empty()) return;
    queue_.Finish(Apply(group));
  }
}

std::vector<CommitResult> Committer::Apply(const std::vector<CommitRequest>& group) {
  if (!fail_stop_.Health().ok()) {
    return std::vector<CommitResult>(group.size(), {Outcome::kFailed, {}, WritesHaveStopped()});
  }
  const bool has_room = reserve_.HasRoom();
  CommitBatch batch(db_, records_, next_number_);
  std::vector<CommitResult> results;
  results.reserve(group.size());
  for (const CommitRequest& request : group) {
    // A drop gives room back.
    if (has_room || request.drop) {
      results.push_back(batch.Stage(request));
    } else {
      results.push_back({Outcome::kFailed, {}, DiskNearlyFull()});
    }
  }
  ::rocksdb::WriteBatch& writes = batch.Seal();
  if (writes.Count() == 0) return results;
  const ::rocksdb::Status status = db_->Write(SyncedWrite(), &writes);
  if (status.ok()) {
    next_number_ = batch.next_number();
  } else {
    fail_stop_.Trip(fmt::format("a synced write failed: {}", status.ToString()));
    MakeUncertain(results);
  }
  return results;
}

}  // namespace labyrinth::storage
