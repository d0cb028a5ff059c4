#include "storage/rocksdb/reader.h"

#include <rocksdb/iterator.h>
#include <rocksdb/snapshot.h>

#include <memory>

#include "absl/time/clock.h"
#include "common/errors.h"
#include "storage/page_builder.h"
#include "storage/rocksdb/status.h"
#include "storage/rocksdb/tuning.h"

namespace labyrinth::storage {
namespace {

// What is read behind a block that isn't in the cache: a page's rows, in one read rather than one for each of its
// blocks. Without a size RocksDB tells the kernel to read ahead, by a system call at the third block of a page, cached
// or not.
constexpr std::size_t kReadAheadBytes = 64 * 1024;

std::string_view View(const ::rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

}  // namespace

absl::StatusOr<PartitionRecord> LoadPartition(::rocksdb::DB* db, ::rocksdb::ColumnFamilyHandle* records,
                                              const ::rocksdb::ReadOptions& options, std::string_view name) {
  ::rocksdb::PinnableSlice bytes;
  const ::rocksdb::Status status = db->Get(options, records, PartitionKey(name), &bytes);
  if (status.IsNotFound()) return PartitionRecord{};
  if (!status.ok()) return ToStatus(status, "a partition's record");
  const auto record = DecodePartitionRecord(View(bytes));
  if (!record.has_value()) return errors::DataDamaged("a partition's record");
  return *record;
}

absl::StatusOr<ReadResult> Reader::Read(const ReadRequest& request) const {
  if (absl::Status valid = ValidateRead(request); !valid.ok()) return valid;
  if (request.deadline < absl::Now()) return PastDeadline();
  LeaveOutCounts();
  ::rocksdb::ReadOptions options = CheckedRead(request.deadline);
  const PartitionCache::Glimpse glimpse = partitions_.Look(request.partition);
  if (glimpse.record().has_value()) {
    auto result = ReadRows(options, *glimpse.record(), request);
    if (!result.ok() || partitions_.Holds(request.partition, glimpse)) return result;
  }
  ::rocksdb::ManagedSnapshot snapshot(db_);
  options.snapshot = snapshot.snapshot();
  const auto partition = LoadPartition(db_, records_, options, request.partition);
  if (!partition.ok()) return partition.status();
  partitions_.Remember(request.partition, glimpse, *partition);
  return ReadRows(options, *partition, request);
}

absl::StatusOr<ReadResult> Reader::ReadRows(const ::rocksdb::ReadOptions& options, const PartitionRecord& partition,
                                            const ReadRequest& request) const {
  ReadResult result;
  result.position = partition.position;
  result.values.resize(request.keys.size());
  result.pages.resize(request.scans.size());
  if (partition.number == 0) return result;  // it has no rows

  if (absl::Status read = ReadKeys(options, partition.number, request, result); !read.ok()) return read;
  for (std::size_t i = 0; i < request.scans.size(); ++i) {
    auto page = ReadScan(options, partition.number, request.scans[i]);
    if (!page.ok()) return page.status();
    result.pages[i] = *std::move(page);
  }
  return result;
}

absl::Status Reader::ReadKeys(const ::rocksdb::ReadOptions& options, uint64_t number, const ReadRequest& request,
                              ReadResult& result) const {
  const std::size_t count = request.keys.size();
  if (count == 0) return absl::OkStatus();
  if (count == 1) {  // for which MultiGet only adds work
    ::rocksdb::PinnableSlice value;
    const ::rocksdb::Status status = db_->Get(options, records_, RecordKey(number, request.keys[0]), &value);
    if (!status.ok() && !status.IsNotFound()) return ToStatus(status, "a row");
    if (status.ok()) result.values[0] = value.ToString();
    return absl::OkStatus();
  }
  std::vector<std::string> keys;
  keys.reserve(count);
  for (const std::string& key : request.keys) keys.push_back(RecordKey(number, key));
  const std::vector<::rocksdb::Slice> slices(keys.begin(), keys.end());
  std::vector<::rocksdb::PinnableSlice> values(count);
  std::vector<::rocksdb::Status> statuses(count);
  db_->MultiGet(options, records_, count, slices.data(), values.data(), statuses.data());
  for (std::size_t i = 0; i < count; ++i) {
    if (statuses[i].IsNotFound()) continue;
    if (!statuses[i].ok()) return ToStatus(statuses[i], "a row");
    result.values[i] = values[i].ToString();
  }
  return absl::OkStatus();
}

absl::StatusOr<Page> Reader::ReadScan(::rocksdb::ReadOptions options, uint64_t number, const Scan& scan) const {
  const std::string begin = RecordKey(number, scan.begin);
  const std::string end = RecordKey(number, scan.end);
  const ::rocksdb::Slice lower(begin), upper(end);
  options.iterate_lower_bound = &lower;
  options.iterate_upper_bound = &upper;
  options.fill_cache = !scan.bulk;
  // A long walk's size grows from block to block, as RocksDB sees to it. Backwards nothing lies ahead.
  const bool reads_ahead = !scan.bulk && scan.max_items > 1 && scan.direction == Direction::kForward;
  if (reads_ahead) options.readahead_size = kReadAheadBytes;
  const std::unique_ptr<::rocksdb::Iterator> it(db_->NewIterator(options, records_));
  PageBuilder page(scan);
  const auto take = [&] { return page.Add(View(it->key()).substr(kRecordPrefixBytes), View(it->value())); };
  if (scan.direction == Direction::kForward) {
    for (it->SeekToFirst(); it->Valid() && take(); it->Next()) {
    }
  } else {
    for (it->SeekToLast(); it->Valid() && take(); it->Prev()) {
    }
  }
  if (!it->status().ok()) return ToStatus(it->status(), "a range of rows");
  return std::move(page).Take();
}

absl::StatusOr<std::vector<DuePartition>> Reader::Due(int64_t now_ms, std::size_t limit) const {
  std::vector<DuePartition> due;
  if (now_ms < 0 || limit == 0) return due;
  const std::string begin = WakeKey(0, "");
  const std::string end = now_ms == INT64_MAX ? RecordKey(0) : WakeKey(now_ms + 1, "");
  const ::rocksdb::Slice lower(begin), upper(end);
  ::rocksdb::ReadOptions options = CheckedRead();
  options.iterate_lower_bound = &lower;
  options.iterate_upper_bound = &upper;
  const std::unique_ptr<::rocksdb::Iterator> it(db_->NewIterator(options, records_));
  for (it->SeekToFirst(); it->Valid() && due.size() < limit; it->Next()) {
    auto entry = DecodeWakeKey(View(it->key()));
    if (!entry.has_value()) return errors::DataDamaged("the wake index");
    due.push_back(*std::move(entry));
  }
  if (!it->status().ok()) return ToStatus(it->status(), "the wake index");
  return due;
}

absl::StatusOr<std::vector<PartitionEntry>> Reader::ListPartitions(std::string_view after, std::size_t limit) const {
  std::vector<PartitionEntry> entries;
  const std::string begin = PartitionKey(after);
  const std::string end = WakeKey(0, "");  // the first key behind the partitions' records
  const ::rocksdb::Slice lower(begin), upper(end);
  ::rocksdb::ReadOptions options = CheckedRead();
  options.iterate_lower_bound = &lower;
  options.iterate_upper_bound = &upper;
  const std::unique_ptr<::rocksdb::Iterator> it(db_->NewIterator(options, records_));
  it->SeekToFirst();
  if (it->Valid() && it->key() == lower) it->Next();
  for (; it->Valid() && entries.size() < limit; it->Next()) {
    const auto record = DecodePartitionRecord(View(it->value()));
    if (!record.has_value()) return errors::DataDamaged("a partition's record");
    if (record->number == 0) continue;  // dropped
    entries.push_back({std::string(PartitionName(View(it->key()))), record->position, record->wake_at_ms});
  }
  if (!it->status().ok()) return ToStatus(it->status(), "the partitions' records");
  return entries;
}

}  // namespace labyrinth::storage
