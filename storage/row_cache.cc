#include "storage/row_cache.h"

#include <algorithm>
#include <functional>
#include <tuple>
#include <utility>

namespace labyrinth::storage {
namespace {

// What a map's node and a list's take beside the bytes, about.
constexpr std::size_t kRowOverheadBytes = 100;
constexpr std::size_t kPartitionOverheadBytes = 300;

std::size_t BytesOf(const std::string& key, const std::optional<std::string>& row) {
  return kRowOverheadBytes + key.size() + (row.has_value() ? row->size() : 0);
}

bool IsBefore(const Position& one, const Position& other) {
  return std::tie(one.incarnation, one.revision) < std::tie(other.incarnation, other.revision);
}

}  // namespace

RowCache::Shard& RowCache::ShardOf(std::string_view partition) {
  return shards_[std::hash<std::string_view>()(partition) % kShards];
}

std::optional<RowCache::Known> RowCache::Find(const ReadRequest& request) {
  Shard& shard = ShardOf(request.partition);
  const absl::MutexLock lock(&shard.mutex);
  const auto found = shard.partitions.find(request.partition);
  if (found == shard.partitions.end()) return std::nullopt;
  Partition& partition = found->second;
  Known known{partition.position, std::vector<std::optional<Row>>(request.keys.size())};
  bool any = false;
  for (std::size_t i = 0; i < request.keys.size(); ++i) {
    if (!wanted_(request.keys[i])) continue;
    const auto row = partition.rows.find(request.keys[i]);
    if (row == partition.rows.end()) return std::nullopt;
    known.rows[i] = row->second;
    any = true;
  }
  if (!any) return std::nullopt;
  shard.uses.splice(shard.uses.begin(), shard.uses, partition.use);
  return known;
}

void RowCache::Read(ReadRequest request, ReadCallback done) {
  std::optional<Known> known = Find(request);
  if (!known.has_value()) return ReadWhole(std::move(request), std::move(done));
  ReadRequest rest;
  rest.partition = request.partition;
  rest.scans = request.scans;
  rest.deadline = request.deadline;
  for (std::size_t i = 0; i < request.keys.size(); ++i) {
    if (!known->rows[i].has_value()) rest.keys.push_back(request.keys[i]);
  }
  engine_.Read(std::move(rest), [this, request = std::move(request), known = *std::move(known),
                                 done = std::move(done)](absl::StatusOr<ReadResult> result) mutable {
    if (!result.ok()) return std::move(done)(std::move(result));
    if (result->position != known.position) return ReadWhole(std::move(request), std::move(done));
    std::vector<Row> values(request.keys.size());
    std::size_t read = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = known.rows[i].has_value() ? *std::move(known.rows[i]) : std::move(result->values[read++]);
    }
    result->values = std::move(values);
    std::move(done)(std::move(result));
  });
}

void RowCache::ReadWhole(ReadRequest request, ReadCallback done) {
  if (std::none_of(request.keys.begin(), request.keys.end(), wanted_)) {
    return engine_.Read(std::move(request), std::move(done));
  }
  std::string partition = request.partition;
  std::vector<std::string> keys = request.keys;
  engine_.Read(std::move(request), [this, partition = std::move(partition), keys = std::move(keys),
                                    done = std::move(done)](absl::StatusOr<ReadResult> result) mutable {
    if (result.ok()) Remember(partition, result->position, keys, result->values);
    std::move(done)(std::move(result));
  });
}

void RowCache::Remember(const std::string& name, const Position& position, const std::vector<std::string>& keys,
                        const std::vector<Row>& rows) {
  Shard& shard = ShardOf(name);
  const absl::MutexLock lock(&shard.mutex);
  const auto [found, added] = shard.partitions.try_emplace(name);
  Partition& partition = found->second;
  if (added) {
    partition.use = shard.uses.insert(shard.uses.begin(), name);
    shard.bytes += kPartitionOverheadBytes + name.size();
    partition.position = position;
  }
  if (IsBefore(position, partition.position)) return;  // a late read, of what nobody will find there again
  if (position != partition.position || partition.bytes > kMaxPartitionBytes) Clear(shard, partition);
  partition.position = position;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (wanted_(keys[i])) Put(shard, partition, keys[i], rows[i]);
  }
  Evict(shard);
}

void RowCache::Commit(CommitRequest request, CommitCallback done) {
  const Position before = request.expect;
  std::string partition = request.partition;
  std::vector<Write> writes;
  for (const Write& write : request.writes) {
    if (wanted_(write.key)) writes.push_back(write);
  }
  engine_.Commit(std::move(request), [this, before, partition = std::move(partition), writes = std::move(writes),
                                      done = std::move(done)](CommitResult result) mutable {
    // Whatever else became of it, the position tells the next read.
    if (result.outcome == CommitResult::Outcome::kCommitted) {
      Advance(partition, before, result.position, std::move(writes));
    }
    std::move(done)(std::move(result));
  });
}

void RowCache::Advance(const std::string& name, const Position& before, const Position& now,
                       std::vector<Write> writes) {
  Shard& shard = ShardOf(name);
  const absl::MutexLock lock(&shard.mutex);
  const auto found = shard.partitions.find(name);
  if (found == shard.partitions.end()) return;
  Partition& partition = found->second;
  // Rows of another moment: a read came first, with the commit in it, or will bring those that stand there now.
  if (partition.position != before) return;
  if (now.incarnation != before.incarnation) return Erase(shard, name);  // dropped, and the rows with it
  partition.position = now;
  for (const Write& write : writes) Put(shard, partition, write.key, write.value);
  if (partition.bytes > kMaxPartitionBytes) Erase(shard, name);
  Evict(shard);
}

void RowCache::Put(Shard& shard, Partition& partition, const std::string& key, const Row& row) {
  const bool fits = !row.has_value() || row->size() <= kMaxRowBytes;
  const auto known = partition.rows.find(key);
  if (known != partition.rows.end()) {
    const std::size_t bytes = BytesOf(key, known->second);
    partition.bytes -= bytes;
    shard.bytes -= bytes;
    if (!fits) partition.rows.erase(known);
  }
  if (!fits) return;
  partition.bytes += BytesOf(key, row);
  shard.bytes += BytesOf(key, row);
  partition.rows.insert_or_assign(key, row);
}

void RowCache::Clear(Shard& shard, Partition& partition) {
  shard.bytes -= partition.bytes;
  partition.bytes = 0;
  partition.rows.clear();
}

void RowCache::Erase(Shard& shard, const std::string& name) {
  const auto found = shard.partitions.find(name);
  if (found == shard.partitions.end()) return;
  Clear(shard, found->second);
  shard.bytes -= kPartitionOverheadBytes + name.size();
  shard.uses.erase(found->second.use);
  shard.partitions.erase(found);
}

void RowCache::Evict(Shard& shard) {
  while (shard.bytes > shard_bytes_ && !shard.uses.empty()) {
    const std::string oldest = shard.uses.back();
    Erase(shard, oldest);
  }
}

void RowCache::Due(int64_t now_ms, std::size_t limit, DueCallback done) { engine_.Due(now_ms, limit, std::move(done)); }

void RowCache::ListPartitions(std::string after, std::size_t limit, PartitionsCallback done) {
  engine_.ListPartitions(std::move(after), limit, std::move(done));
}

}  // namespace labyrinth::storage
