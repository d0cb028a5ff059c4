// The bounds of the contract, in one place so that no two engines differ. A request that breaks one is a bug of the
// layer above, not of a client: the status carries no API reason, and its text names positions, never keys.
#include <fmt/format.h>

#include <string_view>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "storage/engine.h"

namespace labyrinth::storage {
namespace {

absl::Status Invalid(const std::string& what) { return absl::InvalidArgumentError(what); }

bool ValidPartition(std::string_view name) { return !name.empty() && name.size() <= kMaxPartitionNameBytes; }
bool ValidKey(std::string_view key) { return !key.empty() && key.size() <= kMaxKeyBytes; }

// A bound may be one byte longer than a key: key + '\0' is the first place after the longest key.
bool ValidBound(std::string_view bound) { return bound.size() <= kMaxKeyBytes + 1; }

absl::Status ValidateWrites(const CommitRequest& request) {
  absl::flat_hash_set<absl::string_view> seen;
  seen.reserve(request.writes.size());
  std::size_t total_bytes = 0;
  for (std::size_t i = 0; i < request.writes.size(); ++i) {
    const auto& [key, value] = request.writes[i];
    if (!ValidKey(key)) return Invalid(fmt::format("writes[{}]: the key has {} bytes", i, key.size()));
    if (!seen.insert(key).second) return Invalid(fmt::format("writes[{}]: the key is written twice", i));
    total_bytes += key.size();
    if (!value.has_value()) continue;
    if (value->empty()) return Invalid(fmt::format("writes[{}]: the value is empty", i));
    if (value->size() > kMaxValueBytes) {
      return Invalid(fmt::format("writes[{}]: the value has {} bytes", i, value->size()));
    }
    total_bytes += value->size();
  }
  if (total_bytes > kMaxCommitBytes) return Invalid(fmt::format("the commit has {} bytes", total_bytes));
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateRead(const ReadRequest& request) {
  if (!ValidPartition(request.partition)) return Invalid("partition: the name's length is out of bounds");
  for (std::size_t i = 0; i < request.keys.size(); ++i) {
    if (!ValidKey(request.keys[i])) return Invalid(fmt::format("keys[{}]: {} bytes", i, request.keys[i].size()));
  }
  for (std::size_t i = 0; i < request.scans.size(); ++i) {
    const Scan& scan = request.scans[i];
    if (!ValidBound(scan.begin) || !ValidBound(scan.end)) {
      return Invalid(fmt::format("scans[{}]: a bound is too long", i));
    }
    if (scan.begin >= scan.end) return Invalid(fmt::format("scans[{}]: the range is empty", i));
    if (scan.max_items == 0) return Invalid(fmt::format("scans[{}]: max_items is 0", i));
  }
  return absl::OkStatus();
}

absl::Status ValidateCommit(const CommitRequest& request) {
  if (!ValidPartition(request.partition)) return Invalid("partition: the name's length is out of bounds");
  if (request.expect.incarnation == 0) return Invalid("expect: the incarnation is 0");
  if (request.drop) {
    if (!request.writes.empty() || request.wake_at_ms.has_value()) {
      return Invalid("a drop carries no writes and no wake time");
    }
    return absl::OkStatus();
  }
  if (request.writes.empty()) return Invalid("a commit carries at least one write");
  if (request.wake_at_ms.value_or(0) < 0) return Invalid("wake_at_ms is negative");
  return ValidateWrites(request);
}

}  // namespace labyrinth::storage
