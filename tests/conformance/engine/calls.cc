#include "tests/conformance/engine/calls.h"

#include <utility>

#include "absl/synchronization/notification.h"

namespace labyrinth::storage {

absl::StatusOr<ReadResult> ReadNow(Engine& engine, ReadRequest request) {
  absl::StatusOr<ReadResult> out;
  absl::Notification answered;
  engine.Read(std::move(request), [&](absl::StatusOr<ReadResult> result) {
    out = std::move(result);
    answered.Notify();
  });
  answered.WaitForNotification();
  return out;
}

CommitResult CommitNow(Engine& engine, CommitRequest request) {
  CommitResult out;
  absl::Notification answered;
  engine.Commit(std::move(request), [&](CommitResult result) {
    out = std::move(result);
    answered.Notify();
  });
  answered.WaitForNotification();
  return out;
}

absl::StatusOr<std::vector<DuePartition>> DueNow(Engine& engine, int64_t now_ms, std::size_t limit) {
  absl::StatusOr<std::vector<DuePartition>> out;
  absl::Notification answered;
  engine.Due(now_ms, limit, [&](absl::StatusOr<std::vector<DuePartition>> result) {
    out = std::move(result);
    answered.Notify();
  });
  answered.WaitForNotification();
  return out;
}

absl::StatusOr<std::vector<PartitionEntry>> PartitionsNow(Engine& engine, std::string after, std::size_t limit) {
  absl::StatusOr<std::vector<PartitionEntry>> out;
  absl::Notification answered;
  engine.ListPartitions(std::move(after), limit, [&](absl::StatusOr<std::vector<PartitionEntry>> result) {
    out = std::move(result);
    answered.Notify();
  });
  answered.WaitForNotification();
  return out;
}

CommitRequest Puts(std::string partition, Position expect, std::vector<KeyValue> rows) {
  CommitRequest request;
  request.partition = std::move(partition);
  request.expect = expect;
  for (KeyValue& row : rows) request.writes.push_back({std::move(row.key), std::move(row.value)});
  return request;
}

CommitRequest Deletes(std::string partition, Position expect, std::vector<std::string> keys) {
  CommitRequest request;
  request.partition = std::move(partition);
  request.expect = expect;
  for (std::string& key : keys) request.writes.push_back({std::move(key), std::nullopt});
  return request;
}

CommitRequest Wakes(std::string partition, Position expect, int64_t wake_at_ms) {
  CommitRequest request = Puts(std::move(partition), expect, {{"row", "1"}});
  request.wake_at_ms = wake_at_ms;
  return request;
}

CommitRequest Drop(std::string partition, Position expect) {
  CommitRequest request;
  request.partition = std::move(partition);
  request.expect = expect;
  request.drop = true;
  return request;
}

ReadRequest Gets(std::string partition, std::vector<std::string> keys) {
  ReadRequest request;
  request.partition = std::move(partition);
  request.keys = std::move(keys);
  return request;
}

ReadRequest Scans(std::string partition, std::vector<Scan> scans) {
  ReadRequest request;
  request.partition = std::move(partition);
  request.scans = std::move(scans);
  return request;
}

Scan Range(std::string begin, std::string end, Direction direction) {
  Scan scan;
  scan.begin = std::move(begin);
  scan.end = std::move(end);
  scan.direction = direction;
  scan.max_items = SIZE_MAX;
  scan.max_bytes = SIZE_MAX;
  return scan;
}

std::string KeysOf(const Page& page) {
  std::string out;
  for (const Row& item : page.items) out.append(out.empty() ? "" : " ").append(item.key);
  return out;
}

}  // namespace labyrinth::storage
