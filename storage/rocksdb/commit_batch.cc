#include "storage/rocksdb/commit_batch.h"

#include <utility>

#include "storage/rocksdb/reader.h"
#include "storage/rocksdb/tuning.h"

namespace labyrinth::storage {
namespace {

using Outcome = CommitResult::Outcome;

}  // namespace

CommitBatch::CommitBatch(::rocksdb::DB* db, ::rocksdb::ColumnFamilyHandle* records, uint64_t next_number,
                         ::rocksdb::WriteBatch& batch)
    : db_(db), records_(records), next_number_(next_number), batch_(batch) {}

CommitResult CommitBatch::Stage(const CommitRequest& request) {
  const absl::StatusOr<Partition*> found = Find(request.partition);
  if (!found.ok()) return {Outcome::kFailed, {}, found.status()};
  Partition& partition = **found;
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
  for (const auto& [name, partition] : partitions_) {
    if (partition.changed) batch_.Put(records_, PartitionKey(name), EncodePartitionRecord(partition.record));
  }
  if (write_number_) batch_.Put(records_, NextNumberKey(), EncodeNumber(next_number_));
}

absl::StatusOr<CommitBatch::Partition*> CommitBatch::Find(const std::string& name) {
  const auto known = partitions_.find(name);
  if (known != partitions_.end()) return &known->second;
  auto record = LoadPartition(db_, records_, CheckedRead(), name);
  if (!record.ok()) return record.status();
  return &partitions_.emplace(name, Partition{*record}).first->second;
}

void CommitBatch::StageDrop(const CommitRequest& request, PartitionRecord& record) {
  if (record.number != 0) batch_.DeleteRange(records_, RecordKey(record.number), RecordKey(record.number + 1));
  SetWake(request.partition, 0, record);
  record = {.number = 0, .position = {record.position.incarnation + 1, 0}, .wake_at_ms = 0};
}

void CommitBatch::StageWrites(const CommitRequest& request, PartitionRecord& record) {
  if (record.number == 0) {
    record.number = next_number_++;
    write_number_ = true;
  }
  for (const Write& write : request.writes) {
    const std::string key = RecordKey(record.number, write.key);
    if (write.value.has_value()) {
      batch_.Put(records_, key, *write.value);
    } else {
      batch_.Delete(records_, key);
    }
  }
  if (request.wake_at_ms.has_value()) SetWake(request.partition, *request.wake_at_ms, record);
  ++record.position.revision;
}

void CommitBatch::SetWake(const std::string& name, int64_t wake_at_ms, PartitionRecord& record) {
  if (wake_at_ms == record.wake_at_ms) return;
  if (record.wake_at_ms != 0) batch_.Delete(records_, WakeKey(record.wake_at_ms, name));
  if (wake_at_ms != 0) batch_.Put(records_, WakeKey(wake_at_ms, name), ::rocksdb::Slice());
  record.wake_at_ms = wake_at_ms;
}

}  // namespace labyrinth::storage
