#include "storage/rocksdb/commit_batch.h"

#include <algorithm>
#include <utility>

#include "storage/rocksdb/reader.h"
#include "storage/rocksdb/tuning.h"

namespace labyrinth::storage {
namespace {

using Outcome = CommitResult::Outcome;

}  // namespace

CommitBatch::CommitBatch(::rocksdb::DB* db, ::rocksdb::ColumnFamilyHandle* records, PartitionCache& partitions,
                         uint64_t next_number, ::rocksdb::WriteBatch& batch)
    : db_(db), records_(records), partitions_(partitions), next_number_(next_number), batch_(batch) {}

CommitResult CommitBatch::Stage(const CommitRequest& request) {
  const absl::StatusOr<Staged*> found = Find(request.partition);
  if (!found.ok()) return {Outcome::kFailed, {}, found.status()};
  Staged& partition = **found;
  PartitionRecord& record = partition.record;
  if (record.position != request.expect) return {Outcome::kConflict, record.position, absl::OkStatus()};
  partition.changed = true;
  if (request.drop) {
    StageDrop(request, record);
  } else {
    StageWrites(request, record);
  }
  return {Outcome::kCommitted, record.position, absl::OkStatus()};
}

CommitResult CommitBatch::Stage(const LogMark&) {
  write_number_ = true;
  return {Outcome::kCommitted, {}, absl::OkStatus()};
}

void CommitBatch::Seal() {
  encoded_.reserve(staged_.size() + 1);  // rows point into it
  for (const auto& [name, partition] : staged_) {
    if (!partition.changed) continue;
    partitions_.BeginWrite(name);
    rows_.push_back({PartitionKey(name), encoded_.emplace_back(EncodePartitionRecord(partition.record))});
  }
  if (write_number_) rows_.push_back({NextNumberKey(), encoded_.emplace_back(EncodeNumber(next_number_))});

  std::stable_sort(rows_.begin(), rows_.end(), [](const Row& one, const Row& other) { return one.key < other.key; });
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const auto& [key, value] = rows_[i];
    if (i + 1 < rows_.size() && rows_[i + 1].key == key) continue;  // a later commit wrote it again
    if (value.has_value()) {
      batch_.Put(records_, key, ::rocksdb::Slice(value->data(), value->size()));
    } else {
      batch_.Delete(records_, key);
    }
  }
  for (const uint64_t number : dropped_) batch_.DeleteRange(records_, RecordKey(number), RecordKey(number + 1));
}

void CommitBatch::Written() {
  for (const auto& [name, partition] : staged_) {
    if (partition.changed) partitions_.EndWrite(name, partition.record);
  }
}

absl::StatusOr<CommitBatch::Staged*> CommitBatch::Find(const std::string& name) {
  const auto known = staged_.find(name);
  if (known != staged_.end()) return &known->second;
  const PartitionCache::Glimpse glimpse = partitions_.Look(name);
  if (glimpse.record().has_value()) return &staged_.emplace(name, Staged{*glimpse.record()}).first->second;
  auto record = LoadPartition(db_, records_, CheckedRead(), name);
  if (!record.ok()) return record.status();
  return &staged_.emplace(name, Staged{*record}).first->second;
}

void CommitBatch::StageDrop(const CommitRequest& request, PartitionRecord& record) {
  if (record.number != 0) dropped_.push_back(record.number);
  SetWake(request.partition, 0, record);
  record = {.number = 0, .position = {record.position.incarnation + 1, 0}, .wake_at_ms = 0};
}

void CommitBatch::StageWrites(const CommitRequest& request, PartitionRecord& record) {
  if (record.number == 0) {
    record.number = next_number_++;
    write_number_ = true;
  }
  for (const Write& write : request.writes) {
    rows_.push_back({RecordKey(record.number, write.key), write.value});
  }
  if (request.wake_at_ms.has_value()) SetWake(request.partition, *request.wake_at_ms, record);
  ++record.position.revision;
}

void CommitBatch::SetWake(const std::string& name, int64_t wake_at_ms, PartitionRecord& record) {
  if (wake_at_ms == record.wake_at_ms) return;
  if (record.wake_at_ms != 0) rows_.push_back({WakeKey(record.wake_at_ms, name), std::nullopt});
  if (wake_at_ms != 0) rows_.push_back({WakeKey(wake_at_ms, name), std::string_view()});
  record.wake_at_ms = wake_at_ms;
}

}  // namespace labyrinth::storage
