#include "storage/memory/memory_engine.h"

#include <iterator>
#include <optional>

#include "absl/time/clock.h"
#include "common/errors.h"
#include "storage/page_builder.h"

namespace labyrinth::storage {
namespace {

using Outcome = CommitResult::Outcome;

absl::Status PastDeadline() { return errors::EngineUnavailable("the deadline has passed"); }

Page ScanRows(const std::map<std::string, std::string>& rows, const Scan& scan) {
  const auto begin = rows.lower_bound(scan.begin);
  const auto end = rows.lower_bound(scan.end);
  PageBuilder page(scan);
  if (scan.direction == Direction::kForward) {
    for (auto it = begin; it != end && page.Add(it->first, it->second); ++it) {
    }
  } else {
    for (auto it = end; it != begin && page.Add(std::prev(it)->first, std::prev(it)->second); --it) {
    }
  }
  return std::move(page).Take();
}

}  // namespace

void MemoryEngine::Read(ReadRequest request, ReadCallback done) { std::move(done)(DoRead(request)); }

void MemoryEngine::Commit(CommitRequest request, CommitCallback done) { std::move(done)(DoCommit(request)); }

void MemoryEngine::Due(int64_t now_ms, std::size_t limit, DueCallback done) { std::move(done)(DoDue(now_ms, limit)); }

void MemoryEngine::ListPartitions(std::string after, std::size_t limit, PartitionsCallback done) {
  std::move(done)(DoListPartitions(after, limit));
}

absl::StatusOr<ReadResult> MemoryEngine::DoRead(const ReadRequest& request) {
  if (absl::Status status = ValidateRead(request); !status.ok()) return status;
  if (request.deadline < absl::Now()) return PastDeadline();
  ReadResult result;
  result.values.resize(request.keys.size());
  result.pages.resize(request.scans.size());
  absl::MutexLock lock(&mutex_);
  const auto found = partitions_.find(request.partition);
  if (found == partitions_.end()) return result;
  const Partition& partition = found->second;
  result.position = partition.position;
  for (std::size_t i = 0; i < request.keys.size(); ++i) {
    const auto row = partition.rows.find(request.keys[i]);
    if (row != partition.rows.end()) result.values[i] = row->second;
  }
  for (std::size_t i = 0; i < request.scans.size(); ++i) result.pages[i] = ScanRows(partition.rows, request.scans[i]);
  return result;
}

CommitResult MemoryEngine::DoCommit(CommitRequest& request) {
  if (absl::Status status = ValidateCommit(request); !status.ok()) return {Outcome::kFailed, {}, status};
  if (request.deadline < absl::Now()) return {Outcome::kFailed, {}, PastDeadline()};
  absl::MutexLock lock(&mutex_);
  const auto found = partitions_.find(request.partition);
  const Position position = found == partitions_.end() ? Position{} : found->second.position;
  if (position != request.expect) return {Outcome::kConflict, position, absl::OkStatus()};

  Partition& partition = partitions_[request.partition];
  if (request.drop) {
    SetWake(request.partition, partition, 0);
    partition.rows.clear();
    partition.position = {position.incarnation + 1, 0};
    return {Outcome::kCommitted, partition.position, absl::OkStatus()};
  }
  for (Write& write : request.writes) {
    if (write.value.has_value()) {
      partition.rows.insert_or_assign(std::move(write.key), *std::move(write.value));
    } else {
      partition.rows.erase(write.key);
    }
  }
  if (request.wake_at_ms.has_value()) SetWake(request.partition, partition, *request.wake_at_ms);
  ++partition.position.revision;
  return {Outcome::kCommitted, partition.position, absl::OkStatus()};
}

std::vector<DuePartition> MemoryEngine::DoDue(int64_t now_ms, std::size_t limit) {
  std::vector<DuePartition> due;
  absl::MutexLock lock(&mutex_);
  for (const auto& [wake_at_ms, name] : wakes_) {
    if (wake_at_ms > now_ms || due.size() == limit) break;
    due.push_back({name, wake_at_ms});
  }
  return due;
}

std::vector<PartitionEntry> MemoryEngine::DoListPartitions(const std::string& after, std::size_t limit) {
  std::vector<PartitionEntry> entries;
  absl::MutexLock lock(&mutex_);
  for (auto it = partitions_.upper_bound(after); it != partitions_.end() && entries.size() < limit; ++it) {
    const auto& [name, partition] = *it;
    if (partition.position.revision > 0) entries.push_back({name, partition.position, partition.wake_at_ms});
  }
  return entries;
}

void MemoryEngine::SetWake(const std::string& name, Partition& partition, int64_t wake_at_ms) {
  if (partition.wake_at_ms != 0) wakes_.erase({partition.wake_at_ms, name});
  if (wake_at_ms != 0) wakes_.insert({wake_at_ms, name});
  partition.wake_at_ms = wake_at_ms;
}

}  // namespace labyrinth::storage
